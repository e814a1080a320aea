// What the Node SDK is driven through. Each session takes an Analytics and makes its calls;
// nothing in it depends on the machine or the day, but for what the SDK itself adds.

const NOON = new Date('2026-01-15T12:00:00.000Z')

export const sessions = {
  sixCalls(analytics) {
    const context = { ip: '203.0.113.7', traits: { plan: 'team' } }
    analytics.identify({
      userId: 'u-1',
      anonymousId: 'a-1',
      traits: { email: 'ada@example.com', age: 36, address: { city: 'London' } },
      timestamp: NOON,
      messageId: 'node-six-1',
      context,
    })
    analytics.track({
      userId: 'u-1',
      event: 'Order Completed',
      properties: { order_id: 'o-1', revenue: 25.5, products: [{ sku: 's-1', quantity: 2 }] },
      timestamp: NOON,
      messageId: 'node-six-2',
      integrations: { All: true, Salesforce: false },
    })
    analytics.page({
      userId: 'u-1',
      category: 'Docs',
      name: 'Start',
      properties: { url: 'https://example.com/start', path: '/start' },
      timestamp: NOON,
      messageId: 'node-six-3',
    })
    analytics.screen({
      userId: 'u-1',
      category: 'Shop',
      name: 'Basket',
      properties: { items: 2 },
      timestamp: NOON,
      messageId: 'node-six-4',
    })
    analytics.group({
      userId: 'u-1',
      groupId: 'g-1',
      traits: { name: 'Analytical Engines', employees: 2 },
      timestamp: NOON,
      messageId: 'node-six-5',
    })
    analytics.alias({
      userId: 'u-1',
      previousId: 'a-1',
      timestamp: NOON,
      messageId: 'node-six-6',
    })
  },

  // One more than the SDK puts into a batch.
  sixteenTracks(analytics) {
    for (let number = 1; number <= 16; number += 1) {
      analytics.track({
        anonymousId: 'a-1',
        event: 'Step Taken',
        properties: { number },
        timestamp: NOON,
        messageId: `node-step-${number}`,
      })
    }
  },

  threeTracks(analytics) {
    for (const number of [1, 2, 3]) {
      analytics.track({ userId: 'u-1', event: 'Counted', properties: { number } })
    }
  },

  oneTrack(analytics) {
    analytics.track({
      userId: 'u-1',
      event: 'Sent Twice',
      timestamp: NOON,
      messageId: 'node-retry-1',
    })
  },

  // The SDK asserts any one of four ids; Segment wants a user or an anonymous one.
  oddIdentities(analytics) {
    analytics.track({
      anonymousId: 'a-1',
      event: 'Anonymous Only',
      timestamp: NOON,
      messageId: 'node-id-1',
    })
    analytics.group({ groupId: 'g-1', timestamp: NOON, messageId: 'node-id-2' })
    analytics.alias({ previousId: 'a-1', timestamp: NOON, messageId: 'node-id-3' })
  },

  nulls(analytics) {
    analytics.track({
      userId: null,
      anonymousId: 'a-1',
      event: 'Nothing Said',
      properties: { none: null, absent: undefined, nan: NaN, list: [null, undefined] },
      timestamp: NOON,
      messageId: 'node-null-1',
    })
    analytics.page({
      anonymousId: 'a-1',
      properties: null,
      context: null,
      timestamp: NOON,
      messageId: 'node-null-2',
    })
  },

  unicode(analytics) {
    analytics.track({
      userId: 'Zoë-\u{1F469}\u200D\u{1F680}',
      event: 'Größe geändert \u{1F680}',
      properties: {
        'schlüssel': 'مرحبا',
        combining: 'e\u0301',
        astral: '\u{1D54A}',
        lone: 'a\uD800b',
        low: '\uDC00',
        controls: '\u0000\u0007\u2028\u2029',
        'k\uD800': 1,
      },
      timestamp: NOON,
      messageId: 'node-unicode-1',
    })
  },

  times(analytics) {
    analytics.track({
      userId: 'u-1',
      event: 'Timed',
      properties: { at: new Date('2026-01-15T11:59:59.123Z') },
      timestamp: new Date('2026-01-15T11:00:00.250Z'),
      messageId: 'node-time-1',
    })
    analytics.track({
      userId: 'u-1',
      event: 'Timed',
      timestamp: '2026-01-15T13:00:00+01:00',
      messageId: 'node-time-2',
    })
    analytics.track({
      userId: 'u-1',
      event: 'Timed',
      timestamp: '2026-01-15T11:00:00.123456789Z',
      messageId: 'node-time-3',
    })
  },

  contextAndIntegrations(analytics) {
    analytics.track({
      userId: 'u-1',
      event: 'Routed',
      context: {
        active: true,
        campaign: { name: 'Spring', source: 'mail' },
        groupId: 'g-1',
        library: { name: 'not-this' },
        page: { url: 'https://example.com/', search: '' },
      },
      integrations: { All: false, Amplitude: { session_id: 1768478400000 }, Mixpanel: true },
      timestamp: NOON,
      messageId: 'node-context-1',
    })
  },

  duplicates(analytics) {
    for (const number of [1, 2]) {
      analytics.track({
        userId: 'u-1',
        event: 'Said Once',
        properties: { number },
        timestamp: NOON,
        messageId: 'node-duplicate-1',
      })
    }
  },
}
