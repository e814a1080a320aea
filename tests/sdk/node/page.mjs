// Shows a page that loads analytics.js by the script tag, as Segment's snippet does:
//
//   node page.mjs '{"url": "http://127.0.0.1:8765", "writeKey": "k", "calls": [["track", "Seen"]]}'
//
// It makes the calls when the SDK is ready, and writes what mockseg's stand-ins for scripts of
// vendors received: {"Candu": [{...}]}.

import { JSDOM, VirtualConsole } from 'jsdom'

const { url, writeKey, calls } = JSON.parse(process.argv[2])
const virtualConsole = new VirtualConsole()
virtualConsole.on('jsdomError', (error) => process.stderr.write(`${error.message}\n`))
virtualConsole.on('error', (...words) => process.stderr.write(`${words.join(' ')}\n`))

let isReady
const ready = new Promise((resolve) => {
  isReady = resolve
})
const { window } = new JSDOM(
  `<!doctype html><title>Shop</title>
   <script src="${url}/analytics.js/v1/${writeKey}/analytics.min.js"></script>`,
  {
    url: 'http://shop.test/',
    runScripts: 'dangerously',
    resources: 'usable',
    virtualConsole,
    beforeParse(page) {
      page.analytics = [['ready', isReady]]
      page.analytics._cdn = url
    },
  }
)
await ready
for (const [verb, ...given] of calls) {
  await window.analytics[verb](...given)
}
process.stdout.write(`${JSON.stringify(window.mocksegDestinations ?? {})}\n`)
window.close()
