// @ts-check
// A call beside the list: its own document, in a frame, so that there is one form of it.

import { addressWith, parameter } from './address.js'
import { part } from './dom.js'

// Below this width a call is opened by itself.
const LEAST_WIDTH = '(min-width: 64rem)'
// The parts of a call, by key; their ids are those of its document.
const PARTS = ['message', 'raw', 'request', 'deliveries', 'plan', 'user']

export class Pane {
  /** @param {{ onChange: () => void, onKey: (event: KeyboardEvent) => void }} listener */
  constructor (listener) {
    this.listener = listener
    this.pane = part('pane')
    /** @type {HTMLIFrameElement} */
    this.frame = part('pane-frame')
    /** @type {string | null} the id of the open call */
    this.call = null
    part('pane-close').addEventListener('click', () => this.close())
    this.frame.addEventListener('load', () => {
      this.frame.contentDocument?.addEventListener('keydown', (event) => listener.onKey(event))
    })
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
      location.assign(addressOf(call, other))
      return
    }
    const address = addressWith({ call, compare: other })
    // "Back" closes the pane, however many calls were looked at in it.
    if (this.isOpen) history.replaceState(null, '', address)
    else history.pushState(null, '', address)
    this.follow()
  }

  /** Show what the address says. */
  follow () {
    const [call, other] = [parameter('call'), parameter('compare')]
    const isWide = matchMedia(LEAST_WIDTH).matches
    if (call && !isWide) {
      // The address came from a wider screen.
      location.replace(addressOf(call, other))
    }
    this.call = isWide ? call : null
    this.pane.hidden = part('split').hidden = !this.call
    if (this.call) {
      const address = addressOf(this.call, other)
      part('pane-link').setAttribute('href', address)
      // Another entry of the history would take "back" to the call before and leave the list there.
      this.frame.contentWindow?.location.replace(`${address}?pane=1`)
    }
    this.listener.onChange()
  }

  /** @returns {boolean} whether it was open */
  close () {
    if (!this.call) return false
    history.pushState(null, '', addressWith({ call: null, compare: null }))
    this.follow()
    return true
  }

  /** Put the focus into the call. */
  focus () {
    this.frame.focus()
  }

  /** @param {number} number of a part of the call, from 1 */
  show (number) {
    if (this.call) this.inside?.getElementById(PARTS[number - 1])?.scrollIntoView()
  }

  /** @param {'prev' | 'next'} direction to the earlier or the later attempt of the message */
  step (direction) {
    const link = this.call && this.inside?.querySelector(`a[rel=${direction}]`)
    const call = link && link.getAttribute('href')?.split('/').pop()
    if (call) this.open(call)
  }

  get inside () { return this.frame.contentDocument }
}

/** @param {string} call @param {string | null} other */
function addressOf (call, other) {
  const address = `/_mockseg/calls/${encodeURIComponent(call)}`
  return other ? `${address}/compare/${encodeURIComponent(other)}` : address
}
