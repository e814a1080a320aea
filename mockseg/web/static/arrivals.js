// @ts-check
// What comes: rows go on top while the reader is there, and wait while something is read.

import { clearedNote, gapNote, isCall, skippedNote, waitingNote } from './entries.js'

const FRESH_MS = 2000
// Of more rows that wait while a reader reads, the oldest are loaded when they are wanted.
const MOST_WAITING = 5000

/** @typedef {import('./entries.js').Entry} Entry */

export class Arrivals {
  /**
   * @param {number} cursor of the last call that is shown already
   * @param {import('./rows.js').Rows} rows
   * @param {import('./grid.js').Grid} grid
   * @param {import('./state.js').State} state
   * @param {{ onFirst: () => void, onRestart: () => void, onNews: () => void }} listener
   */
  constructor (cursor, rows, grid, state, listener) {
    // Of the last call that came, and of the last that was shown.
    this.cursor = this.shownCursor = cursor
    // Of the last call before the feed was opened: what came till then did not come now.
    this.openedAfter = cursor
    this.rows = rows
    this.grid = grid
    this.state = state
    this.listener = listener
    /** @type {Entry[]} the newest first */
    this.waiting = []
    // Rows above this place are marked as new.
    this.freshAbove = Infinity
    this.freshTimer = 0
  }

  /** @param {any} news */
  onRows ({ rows, skipped, counts, deliveries, changed, clearedMs }) {
    const entries = skipped ? [...rows, skippedNote(skipped)] : rows
    if (changed.includes('cleared')) entries.push(clearedNote(clearedMs))
    const bad = rows.filter((/** @type {any} */ row) => !row[8]).length + (skipped?.bad ?? 0)
    this.state.count(counts)
    this.listener.onNews()
    if (rows.length) this.cursor = rows[0][0]
    if (deliveries.length) this.rows.deliver(new Map(deliveries))
    this.add(entries, rows.length + (skipped?.count ?? 0), bad, this.cursor > this.openedAfter)
    if (deliveries.length) this.grid.refresh()
  }

  /** @param {any} gap */
  onGap (gap) {
    if (gap.reason === 'restarted') {
      this.rows.add(this.waiting)
      this.waiting = []
      this.rows.restart()
      this.cursor = 0
      this.listener.onRestart()
      this.grid.refresh()
    }
    this.add([gapNote(gap)], 0, 0)
  }

  /**
   * @param {number} pollSeconds between two looks; 0 where calls come as they arrive
   * @param {number} cursor of the last call that was recorded
   */
  onOpen (pollSeconds, cursor) {
    this.openedAfter = cursor
    this.state.open(pollSeconds)
    // Rows that could not be loaded are asked for again.
    this.grid.draw()
  }

  /** @param {number} seconds until the next attempt */
  onLost (seconds) { this.state.lose(seconds) }

  /** @param {Entry[]} entries the newest first @param {number} calls @param {number} bad @param {boolean} [isNow] */
  add (entries, calls, bad, isNow = true) {
    this.waiting = this.waiting.length ? [...entries, ...this.waiting] : entries
    if (this.waiting.length > 2 * MOST_WAITING) {
      this.waiting.length = MOST_WAITING
      const oldest = this.waiting.findLast(isCall)
      if (oldest) this.waiting.push(waitingNote(this.shownCursor, oldest[0]))
    }
    this.state.arrive(calls, bad, isNow)
    this.flush()
  }

  /** Show what waits, where it moves nothing that is read. */
  flush () {
    if (this.waiting.length && !this.state.isPaused && this.grid.isAtTop) this.show()
  }

  show () {
    this.freshAbove = Math.min(this.freshAbove, this.rows.top)
    this.freshTimer ||= setTimeout(() => {
      this.freshTimer = 0
      this.freshAbove = Infinity
      this.grid.refresh()
    }, FRESH_MS)
    this.rows.add(this.waiting)
    this.waiting = []
    this.shownCursor = this.cursor
    this.state.clearNews()
    this.listener.onFirst()
    this.grid.refresh()
  }
}
