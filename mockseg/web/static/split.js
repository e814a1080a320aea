// @ts-check
// The bar between the list and the open call: dragged, or moved with the arrow keys; its place is kept.

import { part } from './dom.js'

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

export class Split {
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
