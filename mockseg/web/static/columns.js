// @ts-check
// The columns of the list of calls: which are shown, how wide they are, and what a row has in each.
// Values of messages become text nodes, never markup, class, id or style.

import { addressWith, element, parameter, part } from './document.js'
import { callId, isCall } from './entries.js'
import { printable, timeText } from './text.js'

/** @typedef {import('./entries.js').CallRow} CallRow */
/** @typedef {{ name: string, title: string, width: string }} Column */
/**
 * @typedef {{ columns: string[], fields: string[], before: CallRow | null, isGone: boolean,
 *   isChosen: boolean, isOpen: boolean, isFresh: boolean, times: string, now: number }} Look how a row
 *   is shown; `before` is the call before of a user who is followed, `now` is 0 where times do not grow old
 */
/**
 * @typedef {{ width: string, isWide?: boolean,
 *   show: (cell: HTMLElement, row: CallRow, look: Look) => void }} Ours
 *   a column of ours; a wide one is left out beside an open call
 */

// What is longer was shortened by the server: it cannot be asked for.
export const LONGEST_KEY = 200
// The only classes that a mark may have.
const MARKS = new Set([
  'good', 'accepted', 'dropped', 'blocked', 'rejected',
  'queued', 'retrying', 'delivered', 'filtered', 'failed'
])
// Columns of a field of the message.
const OF_A_FIELD = 'minmax(5rem, 1fr)'

/** @type {Map<string, Ours>} */
const OURS = new Map(Object.entries(/** @type {Record<string, Ours>} */ ({
  time: {
    width: '7.5rem',
    show: (cell, row, look) => {
      if (cell.firstElementChild?.localName !== (look.isGone ? 'time' : 'a')) {
        cell.replaceChildren(look.isGone ? element('time') : link(element('time')), '')
      }
      const time = /** @type {HTMLTimeElement} */ (cell.querySelector('time'))
      const moment = new Date(row[1]).toISOString()
      time.dateTime = time.title = moment
      write(time, timeText(row[1], look.times, look.now))
      if (!look.isGone) lead(cell, `/_mockseg/calls/${callId(row)}`)
      const attempt = /** @type {Text} */ (cell.lastChild)
      attempt.data = row[12] > 1 ? ` ×${Number(row[12])}` : ''
    }
  },
  gap: { width: '5rem', show: (cell, row, { before }) => write(cell, before ? gap(row[1] - before[1]) : '') },
  source: {
    width: 'minmax(4rem, 1fr)',
    isWide: true,
    show: (cell, row) => {
      const key = row[2]
      if (!key || key.length > LONGEST_KEY) {
        write(cell, printable(key) || '(no key)')
        return
      }
      if (!cell.firstElementChild) cell.replaceChildren(link(''))
      lead(cell, `/_mockseg/?${new URLSearchParams({ source: key })}`)
      write(/** @type {HTMLElement} */ (cell.firstElementChild), printable(key))
    }
  },
  type: { width: '4.5rem', show: (cell, row) => write(cell, printable(row[3])) },
  label: { width: 'minmax(6rem, 1.6fr)', show: (cell, row) => write(cell, printable(row[4])) },
  peek: { width: 'minmax(5rem, 2.4fr)', isWide: true, show: (cell, row) => write(cell, printable(row[5])) },
  user: {
    width: 'minmax(4rem, 1fr)',
    show: (cell, row, { before }) => {
      const was = before && hasBecome(before, row) ? `, was ${printable(before[6])}` : ''
      write(cell, printable(row[6]) + was)
    }
  },
  verdict: {
    width: '6.5rem',
    show: (cell, row) => {
      if (!cell.firstElementChild) cell.replaceChildren(element('span'))
      const shown = /** @type {HTMLElement} */ (cell.firstElementChild)
      const name = row[8] ? 'good' : row[7]
      set(shown, 'class', markClass(name))
      write(shown, printable(name))
    }
  },
  finding: { width: 'minmax(6rem, 2.4fr)', isWide: true, show: (cell, row) => write(cell, finding(row)) },
  to: {
    width: '4.5rem',
    isWide: true,
    show: (cell, row) => {
      if (!row[14].length && !cell.firstChild) return
      cell.replaceChildren(...row[14].map(([destination, state]) => delivery(destination, state)))
    }
  }
})))

export class Columns {
  /** @param {import('./suggest.js').Suggestions} suggestions know the fields of messages */
  constructor (suggestions) {
    this.suggestions = suggestions
    /** @type {Column[]} from the table that the server wrote */
    this.all = [...document.querySelectorAll('#calls-table th')].map((head) => {
      const name = /** @type {HTMLElement} */ (head).dataset.column ?? ''
      const title = (head.textContent ?? '').replace(', UTC', '')
      return { name, title, width: OURS.get(name)?.width ?? OF_A_FIELD }
    })
    this.isFollowing = false
    part('columns-open').addEventListener('click', () => this.offer())
    part('columns-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => this.choose(event))
  }

  /** The names of those that are fields of the message. */
  get fields () { return this.all.map(({ name }) => name).filter((name) => name.includes('.')) }

  /** Show the time between two calls, where they are those of one user.
   * @param {{ key: string, negated: boolean }[]} terms of the query
   */
  follow (terms) {
    this.isFollowing = terms.some(({ key, negated }) => !negated && (key === 'user' || key === 'anon'))
    const [name, title] = ['gap', 'after']
    const { width } = /** @type {Ours} */ (OURS.get(name))
    if (this.isFollowing) this.all.splice(this.all.findIndex((each) => each.name === 'time') + 1, 0, { name, title, width })
  }

  /** @param {boolean} isCallOpen @returns {Column[]} those that have room */
  shown (isCallOpen) {
    return isCallOpen ? this.all.filter(({ name }) => !OURS.get(name)?.isWide) : this.all
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

// --- rows

/**
 * What a row's element shows, so that it is written again only where something else is to be shown.
 * @type {WeakMap<HTMLElement, { entry: unknown, states: unknown, columns: string[], before: unknown,
 *   isGone: boolean, times: string, now: number }>}
 */
const written = new WeakMap()

/**
 * @param {HTMLElement} row the element
 * @param {import('./entries.js').Entry | undefined} entry
 * @param {Look} look
 */
export function fillRow (row, entry, look) {
  set(row, 'class', isCall(entry) ? (entry[8] ? 'good' : 'bad') : 'note')
  row.toggleAttribute('data-gone', look.isGone)
  row.toggleAttribute('data-fresh', look.isFresh)
  if (look.isOpen) set(row, 'aria-current', 'true')
  else row.removeAttribute('aria-current')
  if (isCall(entry)) set(row, 'aria-selected', String(look.isChosen))
  else row.removeAttribute('aria-selected')
  row.toggleAttribute('data-became', isCall(entry) && look.before !== null && hasBecome(look.before, entry))
  const { columns, before, isGone, times, now } = look
  const states = isCall(entry) ? entry[14] : null
  const last = written.get(row)
  if (last && last.entry === entry && last.states === states && last.columns === columns &&
      last.before === before && last.isGone === isGone && last.times === times && last.now === now) return
  written.set(row, { entry, states, columns, before, isGone, times, now })
  if (!isCall(entry)) {
    const only = cell('note')
    only.append(entry ? entry.note : 'Loading …')
    only.setAttribute('aria-colspan', String(columns.length))
    row.replaceChildren(only)
    return
  }
  if (last?.columns !== columns || !isCall(last.entry)) row.replaceChildren(...columns.map(cell))
  for (const [at, name] of columns.entries()) {
    const one = /** @type {HTMLElement} */ (row.children[at])
    const ours = OURS.get(name)
    if (ours) ours.show(one, entry, look)
    else write(one, printable(entry[15][look.fields.indexOf(name)] ?? ''))
  }
}

/** @param {{ name: string, title: string }[]} columns @returns {HTMLElement} the row of their names */
export function headRow (columns) {
  const row = element('div')
  row.setAttribute('role', 'row')
  row.setAttribute('aria-rowindex', '1')
  row.append(...columns.map(({ title }) => {
    const head = element('div', title)
    head.setAttribute('role', 'columnheader')
    return head
  }))
  return row
}

/** @param {string} name of the column, or of a field of messages */
function cell (name) {
  const made = element('div')
  made.setAttribute('role', 'gridcell')
  made.dataset.column = name === 'note' || OURS.has(name) ? name : 'field'
  return made
}

/** @param {string} name of a verdict or of a delivery's state */
const markClass = (name) => MARKS.has(name) ? `mark ${name}` : 'mark'

/** @param {HTMLElement} element @param {string} name @param {string} value */
function set (element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/**
 * Write a text where another one is: the element keeps its node.
 * @param {HTMLElement} element @param {string} text
 */
function write (element, text) {
  const { firstChild } = element
  if (!(firstChild instanceof Text) || firstChild.nextSibling) element.textContent = text
  else if (firstChild.data !== text) firstChild.data = text
}

/** @param {HTMLElement} cell with one link @param {string} address */
function lead (cell, address) {
  set(/** @type {HTMLElement} */ (cell.firstElementChild), 'href', address)
}

/** @param {string} destination @param {string} state */
function delivery (destination, state) {
  const shown = element('span')
  shown.className = markClass(state)
  shown.title = `${state}: ${printable(destination)}`
  shown.setAttribute('role', 'img')
  shown.setAttribute('aria-label', shown.title)
  return shown
}

/** @param {CallRow} row */
function finding (row) {
  const [code, field, more, repeated] = [row[9], row[10], row[11], row[13]]
  if (!code) return ''
  const first = printable(field ? `${field}: ${code}` : code)
  const whole = more ? `${first}, and ${Number(more)} more` : first
  return repeated ? `${whole} of call-${Number(repeated)}` : whole
}

/** @param {number} ms between two calls @returns {string} such as "+0.8 s" */
export function gap (ms) {
  const units = /** @type {[number, string][]} */ ([[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']])
  const [length, name] = units.find(([each]) => Math.abs(ms) >= each) ?? [1, 'ms']
  const count = ms / length
  return `${ms < 0 ? '−' : '+'}${Math.abs(count).toFixed(length === 1 || Math.abs(count) >= 10 ? 0 : 1)} ${name}`
}

/** @param {CallRow} before @param {CallRow} row @returns {boolean} whether an anonymousId became a userId */
export const hasBecome = (before, row) => before[6].startsWith('anon ') && row[6] !== '' && !row[6].startsWith('anon ')

/** @param {string | Node} content */
function link (content) {
  const made = element('a', content)
  // The grid has the focus; the row's keys do what its links do.
  made.tabIndex = -1
  return made
}
