// @ts-check
// The columns of the list of calls: those of the server's table, and the choice of others.

import { addressWith, parameter } from './address.js'
import { part } from './dom.js'

/** @typedef {{ name: string, title: string, width: string }} Column */

const WIDTHS = new Map(Object.entries({
  time: '7.5rem', source: 'minmax(4rem, 1fr)', type: '4.5rem', label: 'minmax(6rem, 1.6fr)',
  peek: 'minmax(5rem, 2.4fr)', user: 'minmax(4rem, 1fr)', verdict: '6.5rem',
  finding: 'minmax(6rem, 2.4fr)', to: '4.5rem'
}))
const OF_A_FIELD = 'minmax(5rem, 1fr)'
// What an open call leaves no room for.
const LEFT_OUT_BESIDE = new Set(['source', 'peek', 'finding', 'to'])

export class Columns {
  /** @param {import('./suggest.js').Suggestions} suggestions know the fields of messages */
  constructor (suggestions) {
    this.suggestions = suggestions
    /** @type {Column[]} from the table that the server wrote */
    this.all = [...document.querySelectorAll('#calls-table th')].map((head) => {
      const name = /** @type {HTMLElement} */ (head).dataset.column ?? ''
      const title = (head.textContent ?? '').replace(', UTC', '')
      return { name, title, width: WIDTHS.get(name) ?? OF_A_FIELD }
    })
    part('columns-open').addEventListener('click', () => this.offer())
    part('columns-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => this.choose(event))
  }

  /** The names of those that are fields of the message. */
  get fields () { return this.all.map(({ name }) => name).filter((name) => name.includes('.')) }

  /** @param {boolean} isCallOpen @returns {Column[]} those that have room */
  shown (isCallOpen) {
    return isCallOpen ? this.all.filter(({ name }) => !LEFT_OUT_BESIDE.has(name)) : this.all
  }

  /** Offer columns, and the fields that the calls have. */
  async offer () {
    part('columns').showModal()
    const fields = await this.suggestions.count('field', parameter('q') ?? '')
    part('fields').replaceChildren(...fields.map(({ text }) => new Option('', text.slice(0, -2))))
  }

  /** @param {SubmitEvent} event */
  choose (event) {
    if (event.submitter?.getAttribute('value') !== 'apply') return
    const names = [...part('columns-form').querySelectorAll('input:checked')].map(({ value }) => value)
    const field = part('column-field').value.trim()
    location.assign(addressWith({ cols: [...names, ...(field ? [field] : [])].join(',') || null, before: null }))
  }
}
