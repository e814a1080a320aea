// Asks the filter engine of Segment's SDK for browsers which messages the filters match:
//
//   echo '[["[\"=\",\"event\",{\"value\":\"X\"}]", {"event": "X"}]]' | node matches.mjs
//
// It writes one boolean for each pair of a filter, in the intermediate form, and a message.

import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

// The engine is built for pages.
globalThis.self = globalThis
const require = createRequire(import.meta.url)
const engine = new URL(
  'node_modules/@segment/analytics-next/dist/cjs/vendor/tsub/tsub.js',
  import.meta.url
)
const { matches } = require(engine.pathname)

const pairs = JSON.parse(await text(process.stdin))
const found = pairs.map(([ir, message]) => matches(message, { type: 'fql', ir }))
process.stdout.write(JSON.stringify(found))
