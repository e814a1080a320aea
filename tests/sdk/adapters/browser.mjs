// A page for SDKs that want a browser: jsdom's window, and nothing that goes anywhere.

import { createRequire } from 'node:module'

const require = createRequire(new URL('../node/package.json', import.meta.url))
const { JSDOM } = require('jsdom')

// What the SDK looks for as globals. Nothing is ever loaded: a name that cannot resolve.
const address = 'https://page.invalid/start?from=mail'
const taken = ['document', 'navigator', 'location', 'localStorage', 'sessionStorage']

/** Open a page whose only way out is the given `fetch`. */
export function openPage(fetch) {
  const { window } = new JSDOM('<!doctype html><title>Start</title>', { url: address })
  // jsdom's own requests would know no bounds.
  Object.assign(window, { fetch, XMLHttpRequest: undefined })
  // jsdom has no beacon; a page sends its last words with it and does not wait.
  window.navigator.sendBeacon = (url, body) => {
    fetch(url, { method: 'POST', body }).catch(() => {})
    return true
  }
  const globals = { window, fetch, ...Object.fromEntries(taken.map((name) => [name, window[name]])) }
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
  return window
}
