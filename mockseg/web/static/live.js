// @ts-check
// Live numbers of the views that are no list of calls. The server's own document is read again when
// something came, and the texts of the same places are taken over: nothing moves under the reader.

import { Feed } from './feed.js'
import { showTimes } from './frame.js'
import { timeOfDay } from './text.js'

// Tells this module that the view changed by what its reader did.
export const CHANGED = 'mockseg-changed'
const LEAST_MILLISECONDS = 2000
// A view that takes long to make is made seldom: this part of the time at most.
const MOST_OF_TIME = 0.1

/** @param {Document} view @returns {Map<string, Element>} places by what they are of */
function places (view) {
  return new Map([...view.querySelectorAll('[data-now]')].map(
    (element) => [element.getAttribute('data-now') ?? '', element]))
}

/** @param {Element} element @returns {string | null} what the server wrote there: times may be shown otherwise */
function written (element) {
  const copy = /** @type {Element} */ (element.cloneNode(true))
  for (const time of copy.querySelectorAll('time[data-utc]')) time.textContent = time.getAttribute('data-utc')
  return copy.textContent
}

class LiveNumbers {
  constructor () {
    this.timer = 0
    this.lost = ''
    this.isReading = this.isBehind = false
    const asked = new URLSearchParams({ rows: 'false' })
    const source = new URLSearchParams(location.search).get('source')
    if (source !== null) asked.set('source', source)
    document.querySelector('#changed button')?.addEventListener('click', () => location.reload())
    addEventListener(CHANGED, () => this.read())
    this.feed = new Feed(asked, '', this)
  }

  /** @param {any} _news */
  onRows (_news) { this.read() }

  onGap () { this.read() }

  onOpen () {
    this.lost = ''
    this.read()
  }

  onLost () {
    this.lost ||= timeOfDay(Date.now())
    this.say(`No answer since ${this.lost}: these numbers are old.`)
  }

  /** Read the view again, now or when it is time. */
  read () {
    this.isBehind = true
    if (this.isReading || this.timer) return
    this.isReading = true
    this.isBehind = false
    const began = performance.now()
    const request = new XMLHttpRequest()
    request.responseType = 'document'
    request.open('GET', location.href)
    request.addEventListener('loadend', () => {
      this.isReading = false
      if (request.status === 200 && request.responseXML) this.take(request.responseXML)
      const pause = Math.max(LEAST_MILLISECONDS, (performance.now() - began) / MOST_OF_TIME)
      this.timer = setTimeout(() => {
        this.timer = 0
        if (this.isBehind) this.read()
      }, pause)
    })
    request.send()
  }

  /** @param {Document} view as it is now */
  take (view) {
    const now = places(view)
    const here = places(document)
    const changed = [...here].filter(([name, element]) => {
      const fresh = now.get(name)
      return fresh && fresh.textContent !== written(element)
    })
    // What the latest news changed is marked, where the style says so.
    if (changed.length) {
      for (const element of here.values()) element.removeAttribute('data-changed')
    }
    for (const [name, element] of changed) {
      const fresh = /** @type {Element} */ (now.get(name))
      element.setAttribute('data-changed', '')
      element.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)))
      element.className = fresh.className
    }
    showTimes(document)
    const isNew = [...now.keys()].some((name) => !here.has(name))
    this.say(isNew ? 'There is more now.' : '', isNew)
  }

  /** @param {string} text @param {boolean} [canReload] */
  say (text, canReload = false) {
    const notice = document.getElementById('changed')
    const said = notice?.querySelector('[role=status]')
    if (!notice || !said) return
    if (said.textContent !== text) said.textContent = text
    notice.hidden = !text
    const reload = notice.querySelector('button')
    if (reload) reload.hidden = !canReload
  }
}

new LiveNumbers()
