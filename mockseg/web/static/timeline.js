// @ts-check
// The timeline and the numbers beside the quick filters, as the server writes them; and a span of
// time that is chosen there: dragged, or with Shift and the arrow keys.

import { addressWith, OTHER_CALLS, part } from './document.js'
import { showTimes } from './frame.js'

// Counting with a query looks at all calls: not more often than this.
const INTERVAL_MS = 5000

/** @typedef {{ start: number, length: number, good: number, bad: number }} Bucket */

/** @param {number} x @param {{ left: number, width: number }} box @param {number} count of columns @returns {number} the column there */
export function columnAt (x, { left, width }, count) {
  return Math.min(count - 1, Math.max(0, Math.floor((x - left) / width * count)))
}

/** @param {Bucket[]} buckets that follow each other @returns {{ from: string, to: string }} the span, for an address */
export function spanOf (buckets) {
  const last = buckets[buckets.length - 1]
  return { from: new Date(buckets[0].start).toISOString(), to: new Date(last.start + last.length).toISOString() }
}

/** @param {Bucket[]} buckets @returns {string} such as "10:00 to 10:05 UTC: 12 good, 3 bad" */
export function spanText (buckets) {
  const last = buckets[buckets.length - 1]
  const [from, to] = [buckets[0].start, last.start + last.length].map((ms) => new Date(ms).toISOString().slice(11, 16))
  const sum = (/** @type {'good' | 'bad'} */ name) => buckets.reduce((total, bucket) => total + bucket[name], 0)
  return `${from} to ${to} UTC: ${sum('good')} good, ${sum('bad')} bad`
}

export class Timeline {
  /** @param {(text: string) => void} say */
  constructor (say) {
    this.say = say
    /** @type {HTMLElement | null} */
    this.view = part('timeline')
    this.timer = 0
    /** @type {number | null} the column where the span begins that is being chosen */
    this.anchor = null
    this.end = 0
    this.isDragging = this.wasDragged = false
    const { view } = this
    if (!view) return
    view.addEventListener('keydown', (event) => this.press(event))
    view.addEventListener('pointerdown', (event) => this.begin(event))
    view.addEventListener('pointermove', (event) => this.drag(event))
    view.addEventListener('pointerup', () => this.drop())
    view.addEventListener('pointercancel', () => this.leave())
    // The links of the columns are no things to carry away.
    view.addEventListener('dragstart', (event) => event.preventDefault())
    view.addEventListener('click', (event) => {
      if (this.wasDragged) event.preventDefault()
      this.wasDragged = false
    })
    this.rove()
  }

  /** @returns {SVGAElement[]} */
  get columns () { return [.../** @type {HTMLElement} */ (this.view).querySelectorAll('a[data-start]')].map((each) => /** @type {SVGAElement} */ (each)) }

  /** @param {number} from @param {number} to @returns {Bucket[]} */
  buckets (from, to) {
    return this.columns.slice(Math.min(from, to), Math.max(from, to) + 1).map(({ dataset }) => ({
      start: Number(dataset.start), length: Number(dataset.length), good: Number(dataset.good), bad: Number(dataset.bad)
    }))
  }

  // --- numbers

  /** Calls came: ask for the numbers before long. */
  wake () {
    if (!this.view) return
    this.timer ||= setTimeout(() => {
      const request = new XMLHttpRequest()
      request.responseType = 'document'
      request.open('GET', `/_mockseg/timeline${location.search}`)
      request.addEventListener('loadend', () => {
        this.timer = 0
        if (request.status === 200 && request.responseXML) this.take(request.responseXML)
      })
      request.send()
    }, INTERVAL_MS)
  }

  /** @param {Document} fresh */
  take (fresh) {
    for (const told of document.querySelectorAll('[data-quick]')) {
      const { quick = '' } = /** @type {HTMLElement} */ (told).dataset
      const now = fresh.querySelector(`[data-quick="${CSS.escape(quick)}"]`)
      if (now) told.textContent = now.textContent
    }
    const { view } = this
    const now = fresh.getElementById('timeline')
    // Nothing moves under who is choosing in it.
    if (!view || !now || this.isDragging || view.contains(document.activeElement)) return
    view.replaceChildren(...now.childNodes)
    showTimes(view)
    this.rove()
  }

  // --- a span

  /** One column is reached with Tab, the others with the arrow keys. */
  rove (at = this.columns.findLastIndex(({ dataset }) => dataset.good !== '0' || dataset.bad !== '0')) {
    for (const [index, column] of this.columns.entries()) column.setAttribute('tabindex', index === at ? '0' : '-1')
  }

  /** @param {KeyboardEvent} event */
  press (event) {
    const { columns } = this
    const at = columns.findIndex((column) => column === document.activeElement)
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: columns.length - 1 }[event.key]
    if (to !== undefined) {
      const next = Math.min(columns.length - 1, Math.max(0, to))
      if (event.shiftKey) this.extend(this.anchor ?? at, next)
      else this.leave()
      this.rove(next)
      columns[next].focus()
    } else if (event.key === 'Enter' && this.anchor !== null) this.go()
    else if (event.key === 'Escape' && this.anchor !== null) this.leave()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  /** @param {PointerEvent} event */
  begin (event) {
    const isColumn = event.target instanceof Element && event.target.closest('a[data-start]')
    if (!isColumn || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return
    this.leave()
    this.isDragging = true
    this.anchor = this.end = this.at(event)
  }

  /** @param {PointerEvent} event */
  drag (event) {
    if (!this.isDragging || this.anchor === null) return
    const to = this.at(event)
    if (to === this.end) return
    this.wasDragged = true
    // Also beside the picture.
    this.view?.setPointerCapture(event.pointerId)
    this.extend(this.anchor, to)
  }

  drop () {
    this.isDragging = false
    if (this.wasDragged && this.anchor !== null) this.go()
    else this.anchor = null
  }

  /** @param {PointerEvent} event */
  at (event) {
    const box = /** @type {Element} */ (this.columns[0].parentElement).getBoundingClientRect()
    return columnAt(event.clientX, box, this.columns.length)
  }

  /** @param {number} from @param {number} to */
  extend (from, to) {
    this.anchor = from
    this.end = to
    for (const [index, column] of this.columns.entries()) {
      column.toggleAttribute('data-chosen', index >= Math.min(from, to) && index <= Math.max(from, to))
    }
    this.say(`${spanText(this.buckets(from, to))}.`)
  }

  leave () {
    this.anchor = null
    this.isDragging = this.wasDragged = false
    for (const column of this.columns) column.removeAttribute('data-chosen')
  }

  /** Show the calls of the span. */
  go () {
    const buckets = this.buckets(/** @type {number} */ (this.anchor), this.end)
    location.assign(addressWith({ ...OTHER_CALLS, ...spanOf(buckets) }))
  }
}
