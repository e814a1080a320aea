// @ts-check
// The calls that a reader has selected, and their copies: as text, which the server writes. `c` opens
// the choice, a letter makes it.

import { part } from './document.js'
import { callId, isCall } from './entries.js'

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

  /** @param {number} place @returns {import('./entries.js').CallRow | null} the call there, if it can be asked for */
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

export class Copy {
  /**
   * @param {() => string[]} chosen the ids of the calls that are meant
   * @param {() => Record<string, string>} query what finds all calls of the view
   * @param {() => string} address of the view
   * @param {(text: string) => void} say
   */
  constructor (chosen, query, address, say) {
    this.chosen = chosen
    this.address = address
    this.query = query
    this.say = say
    /** @type {string[]} the ids of the calls that the open dialog is about */
    this.meant = []
    this.dialog = part('copy')
    this.dialog.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.target instanceof HTMLTextAreaElement) return
      this.dialog.querySelector(`button[aria-keyshortcuts=${CSS.escape(event.key)}]`)?.click()
    })
    for (const button of this.dialog.querySelectorAll('button[value]')) {
      button.addEventListener('click', () => this.take(button.value, button.textContent))
    }
  }

  /** @param {string | null} [call] the id of the only one that is meant */
  open (call = null) {
    this.meant = call ? [call] : this.chosen()
    const count = this.meant.length
    part('copy-what').textContent = count > 1 ? `${count} calls` : count ? 'the call' : 'all calls that match'
    part('copy-all').checked = count === 0
    part('copy-all').disabled = count === 0
    part('copy-text').hidden = true
    this.dialog.showModal()
  }

  /** @param {string} form @param {string} title */
  async take (form, title) {
    if (form === 'address') return this.write(this.address(), 'the address')
    const url = location.origin
    const which = part('copy-all').checked ? this.query() : { ids: this.meant }
    try {
      const answer = await fetch('/_mockseg/v1/calls/copy', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ form, url, ...which })
      })
      const copied = await answer.json()
      if (!answer.ok) throw new Error(copied.error.message)
      const rest = copied.omitted ? `; ${copied.omitted} more are left out` : ''
      await this.write(copied.text, `${copied.calls} call${copied.calls === 1 ? '' : 's'}: ${title.trim()}${rest}`)
    } catch (error) {
      this.dialog.close()
      this.say(`Nothing was copied: ${error instanceof Error ? error.message : error}`)
    }
  }

  /** @param {string} text @param {string} what */
  async write (text, what) {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      // Outside of a secure context, or refused: then a person copies the text.
      const field = part('copy-text')
      field.hidden = false
      field.value = text
      field.select()
      return
    }
    this.dialog.close()
    this.say(`Copied ${what}.`)
  }
}
