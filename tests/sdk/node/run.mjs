// Drives the Node SDK through one session:
//
//   node run.mjs '{"session": "sixCalls", "url": "http://127.0.0.1:8765", "writeKey": "k"}'
//
// More keys: `settings` for the SDK; `gated`: when a request cannot be sent, say so and wait
// for a line on stdin before the SDK hears of it; `end`: how it ends, "closeAndFlush", or
// "flush" for a process that ends by itself after it; `times`: the session, so many times.
//
// It writes one JSON object a line: {"failed": "..."} for a request that could not be sent,
// {"error": "..."} for an event that the SDK gave up, {"delivered": 6} at the end.

import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { Analytics } from '@segment/analytics-node'
import { sessions } from './sessions.mjs'

const order = JSON.parse(process.argv[2])
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function gatedFetch(...request) {
  try {
    return await fetch(...request)
  } catch (error) {
    const lines = createInterface({ input: process.stdin })
    say({ failed: String(error.cause?.code ?? error.message) })
    await once(lines, 'line')
    lines.close()
    process.stdin.unref?.()
    throw error
  }
}

const analytics = new Analytics({
  writeKey: order.writeKey,
  host: order.url,
  // Enough for what the tests break; with the SDK's ten a server that is ill takes minutes.
  maxRetries: 3,
  ...(order.gated ? { httpClient: gatedFetch } : {}),
  ...order.settings,
})

let delivered = 0
for (const type of ['identify', 'track', 'page', 'screen', 'group', 'alias']) {
  analytics.on(type, () => {
    delivered += 1
  })
}
analytics.on('error', (error) => say({ error: String(error.reason?.message ?? error.reason) }))

for (let time = 0; time < (order.times ?? 1); time += 1) {
  sessions[order.session](analytics)
}
if (order.end === 'flush') {
  await analytics.flush()
} else {
  await analytics.closeAndFlush()
}
say({ delivered })
