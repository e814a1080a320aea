// @ts-check
// A grid of any length: only the rows in sight are in the document, and their elements are used again.

/** @typedef {import('./rows.js').Rows} Rows */

const BEYOND = 8
// Rows are loaded before they come into sight.
const AHEAD = 300

export class Grid {
  /**
   * @param {HTMLElement} element has role "grid", and scrolls
   * @param {Rows} rows
   * @param {(element: HTMLElement, place: number) => void} fill writes a row
   */
  constructor (element, rows, fill) {
    this.element = element
    this.rows = rows
    this.fill = fill
    /** @type {number | null} the place of the active row */
    this.active = null
    this.head = document.createElement('div')
    this.body = document.createElement('div')
    for (const part of [this.head, this.body]) part.setAttribute('role', 'rowgroup')
    this.head.className = 'head'
    this.body.className = 'body'
    element.replaceChildren(this.head, this.body)
    /** @type {Map<number, HTMLElement>} by place */
    this.shown = new Map()
    /** @type {WeakMap<HTMLElement, number>} where each is, in pixels */
    this.tops = new WeakMap()
    this.rowHeight = 28
    // What the element's height was made of.
    this.count = this.heightOfCount = -1
    element.addEventListener('scroll', () => this.draw())
    new ResizeObserver(() => this.measure()).observe(element)
    rows.onLoad = () => this.refresh()
  }

  measure () {
    const height = parseFloat(getComputedStyle(this.element).getPropertyValue('--row-height'))
    this.rowHeight = height || this.rowHeight
    this.draw()
  }

  /** Whether the newest row is in sight and no row is active. */
  get isAtTop () { return this.element.scrollTop < this.rowHeight && this.active === null }

  /** Show what is in sight now. */
  draw () {
    // To look at its size would lay out a document that is about to change.
    if (this.element.hidden) return
    const { rows, rowHeight, element: { scrollTop, clientHeight } } = this
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - BEYOND)
    const last = Math.min(rows.count, Math.ceil((scrollTop + clientHeight) / rowHeight) + BEYOND)
    const wanted = new Set()
    for (let index = first; index < last; index += 1) wanted.add(rows.top - index)
    // What aria-activedescendant names has to exist, in sight or not.
    if (this.active !== null) wanted.add(this.active)
    const free = []
    for (const [place, element] of this.shown) {
      if (wanted.has(place)) continue
      this.shown.delete(place)
      free.push(element)
    }
    for (const place of wanted) this.place(place, free)
    for (const element of free) element.remove()
    if (rows.count !== this.count || rowHeight !== this.heightOfCount) {
      this.count = rows.count
      this.heightOfCount = rowHeight
      this.body.style.height = `${rows.count * rowHeight}px`
      this.element.setAttribute('aria-rowcount', String(rows.count + 1))
    }
    rows.want(rows.top - last - AHEAD)
  }

  /** @param {number} place @param {HTMLElement[]} free elements to use again */
  place (place, free) {
    let element = this.shown.get(place)
    if (!element) {
      element = free.pop() ?? this.body.appendChild(document.createElement('div'))
      this.shown.set(place, element)
      this.write(element, place)
    }
    const index = this.rows.top - place
    const top = index * this.rowHeight
    if (this.tops.get(element) === top) return
    this.tops.set(element, top)
    element.style.transform = `translateY(${top}px)`
    element.setAttribute('aria-rowindex', String(index + 2))
  }

  /** @param {HTMLElement} element @param {number} place */
  write (element, place) {
    if (element.id !== `row-${place}`) element.id = `row-${place}`
    if (!element.hasAttribute('role')) element.setAttribute('role', 'row')
    element.toggleAttribute('data-active', place === this.active)
    this.fill(element, place)
  }

  /** Write the rows in sight again. */
  refresh () {
    this.draw()
    for (const [place, element] of this.shown) this.write(element, place)
  }

  /** @param {number | null} place */
  activate (place) {
    this.active = place
    if (place === null) {
      this.element.removeAttribute('aria-activedescendant')
    } else {
      this.reveal(place)
      this.element.setAttribute('aria-activedescendant', `row-${place}`)
    }
    this.refresh()
  }

  /** @param {number} place that is to be in sight */
  reveal (place) {
    const { element, rowHeight } = this
    const top = (this.rows.top - place) * rowHeight
    const room = element.clientHeight - this.head.offsetHeight - rowHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top > element.scrollTop + room) element.scrollTop = top - room
  }

  /** @param {number} steps to go down; negative is up */
  move (steps) {
    const { rows, rowHeight, element } = this
    const first = rows.top - Math.ceil(element.scrollTop / rowHeight)
    // The first step leads to the first row in sight.
    const place = (this.active ?? first + Math.sign(steps)) - steps
    this.activate(Math.min(rows.top, Math.max(rows.bottom, place)))
  }

  /** How many rows are in sight. */
  get page () { return Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 2) }

  /** @param {Event} event @returns {number | null} the place of the row that it is about */
  placeOf (event) {
    const row = event.target instanceof Element && event.target.closest('.body > [role=row]')
    return row ? Number(row.id.slice('row-'.length)) : null
  }
}
