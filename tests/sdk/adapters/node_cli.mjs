// @segment/analytics-node behind the e2e-cli contract.
//
// It knows no CDN: `cdnHost` is taken and not used.

import { createRequire } from 'node:module'
import { fetchOnly, play, run } from './contract.mjs'

const require = createRequire(new URL('../node/package.json', import.meta.url))
const { Analytics } = require('@segment/analytics-node')

// As long as it takes: what it gives up, it gives up by itself.
const forever = 2 ** 31 - 1

run(async ({ writeKey, apiHost, sequences, config }) => {
  let sentBatches = 0
  const errors = []
  const analytics = new Analytics({
    writeKey,
    host: apiHost,
    flushAt: config.flushAt,
    flushInterval: config.flushInterval,
    maxRetries: config.maxRetries,
    httpRequestTimeout: config.timeout * 1000,
    httpClient: fetchOnly([apiHost], (response) => {
      sentBatches += response.status < 400 ? 1 : 0
    }),
  })
  analytics.on('error', ({ code, reason }) => errors.push(String(reason?.message ?? reason ?? code)))
  await play(sequences, ({ type, ...event }) => {
    if (!['identify', 'track', 'page', 'screen', 'group', 'alias'].includes(type)) {
      throw new Error(`no type of message: ${type}`)
    }
    analytics[type](event)
  })
  await analytics.closeAndFlush({ timeout: forever })
  return { sentBatches, ...(errors.length ? { error: errors[0] } : {}) }
})
