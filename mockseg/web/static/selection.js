// @ts-check
// The calls that a reader has selected, to copy or to compare them.

import { callId } from './cells.js'
import { part } from './dom.js'
import { isCall } from './rows.js'

export class Selection {
  /** @param {import('./rows.js').Rows} rows @param {import('./grid.js').Grid} grid */
  constructor (rows, grid) {
    this.rows = rows
    this.grid = grid
    /** @type {Set<number>} cursors */
    this.chosen = new Set()
    /** @type {number | null} the place where selecting with Shift began */
    this.anchor = null
  }

  /** @param {number} place @returns {import('./rows.js').CallRow | null} the call there, if it can be asked for */
  callAt (place) {
    const entry = this.rows.at(place)
    return isCall(entry) && !this.rows.isGone(place) ? entry : null
  }

  /** The call of the active row, if it can be asked for. */
  get activeCall () { return this.grid.active === null ? null : this.callAt(this.grid.active) }

  /** @param {number} place */
  has (place) {
    const call = this.callAt(place)
    return call !== null && this.chosen.has(call[0])
  }

  /** @param {number} steps to go down; negative is up @param {boolean} isExtending */
  move (steps, isExtending) {
    const from = this.grid.active
    this.grid.move(steps)
    const to = /** @type {number} */ (this.grid.active)
    if (!isExtending) {
      this.anchor = null
    } else if (from !== null) {
      this.anchor ??= from
      this.chosen.clear()
      for (let place = Math.min(this.anchor, to); place <= Math.max(this.anchor, to); place += 1) {
        const call = this.callAt(place)
        if (call) this.chosen.add(call[0])
      }
    }
    this.show()
  }

  toggle () {
    const call = this.activeCall
    if (call && !this.chosen.delete(call[0])) this.chosen.add(call[0])
    this.show()
  }

  /** @returns {boolean} whether something was selected */
  clear () {
    const { size } = this.chosen
    this.chosen.clear()
    this.show()
    return size > 0
  }

  show () {
    part('compare').disabled = this.chosen.size !== 2
    part('chosen').textContent = this.chosen.size ? `${this.chosen.size} selected` : ''
    this.grid.refresh()
  }

  /** The ids of the selected calls, the oldest first. */
  get ids () { return [...this.chosen].sort((a, b) => a - b).map((cursor) => `call-${cursor}`) }

  /** @param {string | null} open the id of the open call @returns {string[]} those that a copy is about */
  meant (open) {
    if (this.chosen.size) return this.ids
    const active = this.activeCall
    const id = active ? callId(active) : open
    return id ? [id] : []
  }
}
