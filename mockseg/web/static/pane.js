// @ts-check
// A call beside the list: its own document, in a frame, so that there is one form of it; and the bar
// between them, which is dragged or moved with the arrow keys.

import { addressWith, narrowed, parameter, part } from './document.js'
import { showTimes } from './frame.js'

// Below this width a call is opened by itself.
const LEAST_WIDTH = '(min-width: 64rem)'
// The parts of a call, by key, as its address names them.
const PARTS = ['message', 'raw', 'request', 'deliveries', 'plan', 'user']

// Where the place of the bar is kept.
const NAME = 'mockseg split'
// How much of the width the list has, in per cent.
const [LEAST, USUAL, MOST] = [30, 60, 75]
const STEP = 2

/** @param {number} share @returns {number} the nearest that leaves room for both */
export function within (share) {
  return Number.isFinite(share) ? Math.min(MOST, Math.max(LEAST, Math.round(share))) : USUAL
}

/** @param {string} key @param {number} share @returns {number | null} what a key makes of it; null if nothing */
export function moved (key, share) {
  switch (key) {
    case 'ArrowLeft': return within(share - STEP)
    case 'ArrowRight': return within(share + STEP)
    case 'Home': return LEAST
    case 'End': return MOST
    default: return null
  }
}

export class Pane {
  /** @param {{ onChange: () => void, onKey: (event: KeyboardEvent) => void }} listener */
  constructor (listener) {
    this.listener = listener
    this.pane = part('pane')
    /** @type {HTMLIFrameElement | null} made for the first call: it costs what a document costs */
    this.frame = null
    /** @type {string | null} the id of the open call */
    this.call = null
    /** The part of the call that is shown; other calls are opened at the same. */
    this.tab = parameter('tab')
    new Split()
    part('pane-close').addEventListener('click', () => this.close())
    addEventListener('popstate', () => this.follow())
    this.follow()
  }

  get isOpen () { return this.call !== null }

  /**
   * Open a call, or what differs between it and another one.
   * @param {string} call its id @param {string | null} other the id of another one
   */
  open (call, other = null) {
    if (!matchMedia(LEAST_WIDTH).matches) {
      location.assign(this.wholeAddress(call, other))
      return
    }
    const address = addressWith({ call, compare: other, tab: this.tab })
    // "Back" closes the pane, however many calls were looked at in it.
    if (this.isOpen) history.replaceState(null, '', address)
    else history.pushState(null, '', address)
    this.follow()
  }

  /** Show what the address says. */
  follow () {
    const [call, other] = [parameter('call'), parameter('compare')]
    const tab = parameter('tab')
    if (call) this.tab = tab !== null && PARTS.includes(tab) ? tab : null
    const isWide = matchMedia(LEAST_WIDTH).matches
    if (call && !isWide) {
      // The address came from a wider screen.
      location.replace(this.wholeAddress(call, other))
    }
    this.call = isWide ? call : null
    this.pane.hidden = part('split').hidden = !this.call
    if (this.call) {
      const address = addressOf(this.call, other)
      part('pane-call').textContent = other ? `${this.call}, ${other}` : this.call
      part('pane-link').setAttribute('href', `${address}${this.tab ? `#${this.tab}` : ''}`)
      this.frame ??= this.makeFrame()
      // Another entry of the history would take "back" to the call before and leave the list there.
      this.frame.contentWindow?.location.replace(`${address}?pane=1${this.tab ? `&tab=${this.tab}#${this.tab}` : ''}`)
    }
    this.listener.onChange()
  }

  /**
   * The address of a call by itself, at the part that is shown; what filters there adds to the query
   * of the list.
   * @param {string} call @param {string | null} other
   */
  wholeAddress (call, other) {
    const kept = new URLSearchParams()
    for (const [name, value] of [['tab', this.tab], ['q', parameter('q')]]) {
      if (name && value && !other) kept.set(name, value)
    }
    const address = addressOf(call, other)
    return kept.size ? `${address}?${kept}` : address
  }

  /** Have what finds calls add to the query of the list. */
  joinQuery () {
    for (const link of this.inside?.querySelectorAll('a[data-term]') ?? []) {
      const term = new URL(/** @type {HTMLAnchorElement} */ (link).href).searchParams.get('q')
      if (!term) continue
      const address = narrowed(term)
      // Where the call is among those that are found it stays open.
      if (!term.startsWith('-') && this.call) {
        address.searchParams.set('call', this.call)
        if (this.tab) address.searchParams.set('tab', this.tab)
      }
      link.setAttribute('href', `${address.pathname}${address.search}`)
    }
  }

  /** Take over which part was chosen in the frame. */
  followTab () {
    const inside = this.frame?.contentWindow?.location
    if (!this.call || !inside?.pathname.startsWith('/_mockseg/calls/')) return
    const tab = new URLSearchParams(inside.search).get('tab')
    if (tab === this.tab || (tab !== null && !PARTS.includes(tab))) return
    this.tab = tab
    history.replaceState(null, '', addressWith({ tab }))
  }

  makeFrame () {
    const frame = document.createElement('iframe')
    frame.id = 'pane-frame'
    frame.title = 'The call'
    frame.addEventListener('load', () => {
      this.followTab()
      if (this.inside) showTimes(this.inside)
      this.joinQuery()
      this.inside?.addEventListener('keydown', (event) => this.listener.onKey(event))
    })
    this.pane.append(frame)
    return frame
  }

  /** @returns {boolean} whether it was open */
  close () {
    if (!this.call) return false
    history.pushState(null, '', addressWith({ call: null, compare: null, tab: null }))
    this.follow()
    return true
  }

  /** Put the focus into the call. */
  focus () {
    this.frame?.focus()
  }

  /** @param {number} number of a part of the call, from 1 */
  show (number) {
    if (!this.call || parameter('compare')) return
    this.tab = PARTS[number - 1]
    history.replaceState(null, '', addressWith({ tab: this.tab }))
    this.follow()
  }

  /** @param {'prev' | 'next'} direction to the earlier or the later attempt of the message */
  step (direction) {
    const link = this.call && this.inside?.querySelector(`a[rel=${direction}]`)
    const call = link && link.getAttribute('href')?.split('/').pop()
    if (call) this.open(call)
  }

  get inside () { return this.frame?.contentDocument ?? null }
}

/** @param {string} call @param {string | null} other */
function addressOf (call, other) {
  const address = `/_mockseg/calls/${encodeURIComponent(call)}`
  return other ? `${address}/compare/${encodeURIComponent(other)}` : address
}

class Split {
  constructor () {
    /** @type {HTMLElement} */
    this.bar = part('split')
    this.share = within(Number(localStorage.getItem(NAME) ?? NaN))
    for (const [name, value] of [['min', LEAST], ['max', MOST]]) {
      this.bar.setAttribute(`aria-value${name}`, String(value))
    }
    this.bar.addEventListener('keydown', (event) => {
      const share = event.ctrlKey || event.metaKey || event.altKey ? null : moved(event.key, this.share)
      if (share === null) return
      event.preventDefault()
      this.take(share)
    })
    this.bar.addEventListener('pointerdown', (event) => {
      // So that the frame of the call does not take the movements.
      this.bar.setPointerCapture(event.pointerId)
    })
    this.bar.addEventListener('pointermove', (event) => {
      if (!this.bar.hasPointerCapture(event.pointerId)) return
      const { left, width } = /** @type {HTMLElement} */ (this.bar.parentElement).getBoundingClientRect()
      this.take(within((event.clientX - left) / width * 100))
    })
    this.bar.addEventListener('dblclick', () => this.take(USUAL))
    this.show()
  }

  /** @param {number} share */
  take (share) {
    this.share = share
    localStorage.setItem(NAME, String(share))
    this.show()
  }

  show () {
    const { style } = /** @type {HTMLElement} */ (this.bar.parentElement)
    style.setProperty('--list', `${this.share}fr`)
    style.setProperty('--call', `${100 - this.share}fr`)
    this.bar.setAttribute('aria-valuenow', String(this.share))
    this.bar.setAttribute('aria-valuetext', `the list has ${this.share} % of the width`)
  }
}
