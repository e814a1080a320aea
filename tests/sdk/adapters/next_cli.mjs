// @segment/analytics-next behind the e2e-cli contract, in a page of jsdom.
//
// Settings come from `cdnHost`, or from `apiHost` where there is none. With
// BROWSER_BATCHING=true in the environment it sends batches, as it does when a source asks
// for that. `timeout` means nothing to it: the browser decides how long a request may take.

import { createRequire } from 'node:module'
import { once } from 'node:events'
import { fetchOnly, play, run } from './contract.mjs'
import { openPage } from './browser.mjs'

const require = createRequire(new URL('../node/package.json', import.meta.url))
const batching = process.env.BROWSER_BATCHING === 'true'

const calls = {
  identify: (analytics, { userId, traits }, options) => analytics.identify(userId, traits, options),
  track: (analytics, { event, properties }, options) => analytics.track(event, properties, options),
  page: (analytics, { category, name, properties }, options) =>
    analytics.page(category, name, properties, options),
  screen: (analytics, { category, name, properties }, options) =>
    analytics.screen(category, name, properties, options),
  group: (analytics, { groupId, traits }, options) => analytics.group(groupId, traits, options),
  alias: (analytics, { userId, previousId }, options) => analytics.alias(userId, previousId, options),
}

function settingsOf({ writeKey, apiHost, cdnHost, config }) {
  const { protocol, host } = new URL(apiHost)
  const segment = {
    protocol: protocol.replace(':', ''),
    apiHost: `${host}/v1`,
    // Its own count of a retry is the CDN's business; this is how an app says it.
    httpConfig: { backoffConfig: { maxRetryCount: config.maxRetries } },
  }
  if (batching) {
    segment.deliveryStrategy = {
      strategy: 'batching',
      config: { size: config.flushAt, timeout: config.flushInterval },
    }
  }
  return [
    { writeKey, cdnURL: cdnHost ?? apiHost },
    { integrations: { 'Segment.io': segment }, disableClientPersistence: true },
  ]
}

/** What an event says that is no argument of its call. */
function optionsOf(event) {
  const names = ['userId', 'anonymousId', 'messageId', 'timestamp', 'context', 'integrations']
  const given = names.filter((name) => event[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, event[name]]))
}

run(async (order) => {
  let sentBatches = 0
  const waiting = new Set()
  const complaints = []
  const window = openPage(
    fetchOnly([order.apiHost, order.cdnHost], (response, options) => {
      if (options?.method?.toUpperCase() !== 'POST') {
        return
      }
      if (response.status >= 400) {
        complaints.push(`[${response.status}] ${response.statusText}`)
        return
      }
      sentBatches += 1
      const { batch, ...message } = JSON.parse(options.body)
      for (const { messageId } of batch ?? [message]) {
        waiting.delete(messageId)
      }
    })
  )
  const { AnalyticsBrowser } = require('@segment/analytics-next')
  const [analytics] = await AnalyticsBrowser.load(...settingsOf(order))
  await play(order.sequences, async (event) => {
    if (!Object.hasOwn(calls, event.type)) {
      throw new Error(`no type of message: ${event.type}`)
    }
    const messageId = event.messageId ?? crypto.randomUUID()
    waiting.add(messageId)
    await calls[event.type](analytics, event, { ...optionsOf(event), messageId })
  })
  // It never says that it is done; with no timer and no request left, it is.
  await once(process, 'beforeExit')
  window.close()
  const lost = `${waiting.size} not delivered: ${complaints.at(-1) ?? 'no answer'}`
  return { sentBatches, ...(waiting.size ? { error: lost } : {}) }
})
