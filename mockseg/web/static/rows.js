// @ts-check
// The rows that the grid has: each keeps its place, whatever comes above it or is loaded below it.

import { endNote, evictedNote, isCall, missingNote, slim } from './entries.js'

/** @typedef {import('./entries.js').CallRow} CallRow */
/** @typedef {import('./entries.js').Entry} Entry */

// What a browser can scroll, and what a person can.
export const MAX_ROWS = 100_000
// While calls come on top the oldest of more are let go of; whoever scrolls there loads them again.
const KEPT_ROWS = 20_000
const MOST_OF_PAGE = 5000
// Whoever looks at the newest only needs few: each page has this many times the rows before it.
const GROWTH = 5

/** @typedef {{ calls: number, bounds: string[] }} Lost */
/** @typedef {{ rows: CallRow[], next: number | null, total: number | null, lost: Lost }} RowPage */

export class Rows {
  /**
   * @param {URLSearchParams} asked which calls, and with which fields
   * @param {RowPage} first the newest, as the server wrote them into the document
   * @param {number} since only later calls than this cursor
   */
  constructor (asked, first, since) {
    this.asked = asked
    this.since = since
    /** @type {Entry[]} the oldest first; the place of the first is `base` */
    this.newer = []
    /** @type {Entry[]} the newest first, below `base` */
    this.older = []
    this.base = 0
    /** @type {number | null} where to go on below; null at the end */
    this.next = null
    // How many are still to be loaded, as far as it is known: with a lower bound the number of all
    // is not the number of those that follow.
    this.left = since ? 0 : first.total ?? 0
    // Rows below this place are of an earlier run of mockseg: its calls are gone.
    this.goneBelow = -Infinity
    /** @type {Promise<void> | null} */
    this.loading = null
    // The lowest place that is wanted.
    this.wanted = 0
    this.onLoad = () => {}
    this.take(first)
  }

  get top () { return this.base + this.newer.length - 1 }
  get lastLoaded () { return this.base - this.older.length }
  get bottom () { return this.lastLoaded - this.left }
  get hasCalls () { return this.newer.some(isCall) || this.older.some(isCall) }
  get count () { return this.top - this.bottom + 1 }

  /** @param {number} place */
  at (place) {
    return place >= this.base ? this.newer[place - this.base] : this.older[this.base - 1 - place]
  }

  /** @param {Entry[]} entries the newest first */
  add (entries) {
    for (let index = entries.length; index--;) this.newer.push(slim(entries[index]))
    // The oldest may already wait to be loaded; in steps, because each costs.
    if (this.newer.length + this.older.length > KEPT_ROWS + MOST_OF_PAGE) this.unload()
  }

  /** Let go of the oldest rows, and load them again when they are wanted. */
  unload () {
    const excess = this.newer.length + this.older.length - KEPT_ROWS
    const ofOlder = Math.min(excess, this.older.length)
    this.older.length -= ofOlder
    this.base += this.newer.splice(0, excess - ofOlder).length
    const oldest = this.older.findLast(isCall) ?? this.newer.find(isCall)
    if (this.isGone(this.lastLoaded) || !oldest) {
      this.end()
      return
    }
    this.next = oldest[0]
    this.left = Math.min(this.left + excess, MAX_ROWS - KEPT_ROWS)
  }

  /** Keep what is loaded, as calls that can no longer be opened. */
  restart () {
    this.goneBelow = this.top + 1
    this.end()
  }

  end () {
    this.next = null
    this.left = 0
  }

  /** @param {number} place */
  isGone (place) { return place < this.goneBelow }

  /**
   * Put others at the place of a note.
   * @param {number} place @param {Entry[]} entries the newest first
   */
  fill (place, entries) {
    this.newer.splice(place - this.base, 1, ...entries.reverse())
  }

  /** Load what is missing down to a place; it is enough to ask again when more is wanted.
   * @param {number} place
   */
  want (place) {
    this.wanted = place
    if (place >= this.lastLoaded || this.next === null) return
    this.loading ??= this.load().then((isLoaded) => {
      this.loading = null
      // What failed is asked for again when the list is drawn next: not at once.
      if (isLoaded) this.onLoad()
    })
  }

  /** @returns {Promise<boolean>} whether rows came */
  async load () {
    let { next: before } = this
    let asked = this.askPage(before)
    while (true) {
      const page = await asked
      // Meanwhile mockseg was started anew, or rows were let go of.
      if (!page || this.next !== before) return false
      before = this.wanted < this.lastLoaded - page.rows.length ? page.next : null
      // While these are shown the server looks for the next.
      if (before !== null) asked = this.askPage(before)
      this.take(page)
      if (before === null || this.next === null) return true
      this.onLoad()
    }
  }

  /** @param {number | null} before */
  askPage (before) {
    const limit = Math.min(MOST_OF_PAGE, GROWTH * Math.max(this.older.length, 100))
    return this.ask({ before, after: this.since, limit })
  }

  /** @param {RowPage} page of the rows that follow below */
  take ({ rows, next, lost }) {
    for (const row of rows) this.older.push(slim(row))
    this.next = next
    const loaded = this.newer.length + this.older.length
    this.left = Math.max(0, Math.min(this.left - rows.length, MAX_ROWS - loaded))
    if (next === null) {
      this.end()
      if (lost.calls && !this.since) this.older.push(evictedNote(lost.calls, lost.bounds))
    } else if (loaded >= MAX_ROWS) {
      this.end()
      this.older.push(endNote(MAX_ROWS))
    }
  }

  /** @param {number} place of a note that tells of missing calls */
  async loadMissing (place) {
    const note = this.at(place)
    if (!note || isCall(note) || !note.missing || this.isGone(place)) return
    const page = await this.ask({ ...note.missing, limit: MOST_OF_PAGE })
    const now = this.newer.indexOf(note)
    if (!page || now < 0) return
    const rest = page.next === null ? [] : [missingNote('More calls', note.missing.after, page.next)]
    this.fill(now + this.base, [...page.rows.map(slim), ...rest])
    this.onLoad()
  }

  /** @param {Record<string, unknown>} limits */
  async ask (limits) {
    const asked = new URLSearchParams(this.asked)
    for (const [name, value] of Object.entries(limits)) asked.set(name, String(value))
    try {
      const answer = await fetch(`/_mockseg/v1/calls/rows?${asked}`)
      return answer.ok ? await answer.json() : null
    } catch {
      // The feed tells that nothing answers.
      return null
    }
  }

  /**
   * Find the next place of a bad call, loading what is needed.
   * @param {number} place where to begin @param {1 | -1} step 1 is up, to newer ones
   * @returns {Promise<number | null>}
   */
  async nextBad (place, step) {
    for (let at = place; ; at += step) {
      if (at > this.top) return null
      if (at < this.lastLoaded) {
        this.want(at)
        if (!this.loading) return null
        await this.loading
        if (at < this.lastLoaded) return null
      }
      const entry = this.at(at)
      if (isCall(entry) && !entry[8] && !this.isGone(at)) return at
    }
  }

  /** @param {Map<number, [string, string][]>} deliveries by cursor of a call, as they are now */
  deliver (deliveries) {
    // Deliveries end soon after the call: it is among the newest, or out of sight.
    let looked = 0
    for (let place = this.top; deliveries.size && looked < MOST_OF_PAGE && place >= this.lastLoaded; place -= 1) {
      const entry = this.at(place)
      looked += 1
      if (!isCall(entry) || this.isGone(place)) continue
      const states = deliveries.get(entry[0])
      if (states) entry[14] = states
    }
  }
}
