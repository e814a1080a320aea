// @ts-check
// A row of the grid. Values of messages become text nodes, never markup, class, id or style.

import { element } from './dom.js'
import { isCall } from './rows.js'
import { clock, printable } from './text.js'

/** @typedef {import('./rows.js').CallRow} CallRow */

/**
 * @typedef {{ columns: string[], fields: string[], isGone: boolean, isChosen: boolean,
 *   isOpen: boolean, isFresh: boolean }} Look how a row is shown
 */

// What is longer was shortened by the server: it cannot be asked for.
export const LONGEST_KEY = 200
// The only classes that a mark may have.
const MARKS = new Set([
  'good', 'accepted', 'dropped', 'blocked', 'rejected',
  'queued', 'retrying', 'delivered', 'filtered', 'failed'
])

/** @type {Record<string, (cell: HTMLElement, row: CallRow, look: Look) => void>} */
const CELLS = {
  time: (cell, row, look) => {
    if (cell.firstElementChild?.localName !== (look.isGone ? 'time' : 'a')) {
      cell.replaceChildren(look.isGone ? element('time') : link(element('time')), '')
    }
    const time = /** @type {HTMLTimeElement} */ (cell.querySelector('time'))
    const moment = new Date(row[1]).toISOString()
    time.dateTime = time.title = moment
    write(time, clock(row[1]))
    if (!look.isGone) lead(cell, `/_mockseg/calls/${callId(row)}`)
    const attempt = /** @type {Text} */ (cell.lastChild)
    attempt.data = row[12] > 1 ? ` ×${Number(row[12])}` : ''
  },
  source: (cell, row) => {
    const key = row[2]
    if (!key || key.length > LONGEST_KEY) {
      write(cell, printable(key) || '(no key)')
      return
    }
    if (!cell.firstElementChild) cell.replaceChildren(link(''))
    lead(cell, `/_mockseg/?${new URLSearchParams({ source: key })}`)
    write(/** @type {HTMLElement} */ (cell.firstElementChild), printable(key))
  },
  type: (cell, row) => write(cell, printable(row[3])),
  label: (cell, row) => write(cell, printable(row[4])),
  peek: (cell, row) => write(cell, printable(row[5])),
  user: (cell, row) => write(cell, printable(row[6])),
  verdict: (cell, row) => {
    if (!cell.firstElementChild) cell.replaceChildren(element('span'))
    const shown = /** @type {HTMLElement} */ (cell.firstElementChild)
    const name = row[8] ? 'good' : row[7]
    set(shown, 'class', markClass(name))
    write(shown, printable(name))
  },
  finding: (cell, row) => write(cell, finding(row)),
  to: (cell, row) => {
    if (!row[14].length && !cell.firstChild) return
    cell.replaceChildren(...row[14].map(([destination, state]) => delivery(destination, state)))
  }
}

/**
 * What a row's element shows, so that it is written again only where something else is to be shown.
 * @type {WeakMap<HTMLElement, { entry: unknown, states: unknown, columns: string[], isGone: boolean }>}
 */
const written = new WeakMap()

/** @param {CallRow} row */
export const callId = (row) => `call-${Number(row[0])}`

/**
 * @param {HTMLElement} row the element
 * @param {import('./rows.js').CallRow | import('./rows.js').Note | undefined} entry
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
  const { columns, isGone } = look
  const states = isCall(entry) ? entry[14] : null
  const before = written.get(row)
  if (before && before.entry === entry && before.states === states &&
      before.columns === columns && before.isGone === isGone) return
  written.set(row, { entry, states, columns, isGone })
  if (!isCall(entry)) {
    const only = cell('note')
    only.append(entry ? entry.note : 'Loading …')
    only.setAttribute('aria-colspan', String(columns.length))
    row.replaceChildren(only)
    return
  }
  if (before?.columns !== columns || !isCall(before.entry)) row.replaceChildren(...columns.map(cell))
  for (const [at, name] of columns.entries()) {
    const one = /** @type {HTMLElement} */ (row.children[at])
    const show = CELLS[name]
    if (show) show(one, entry, look)
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
  made.dataset.column = name === 'note' || Object.hasOwn(CELLS, name) ? name : 'field'
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

/** @param {string | Node} content */
function link (content) {
  const made = element('a', content)
  // The grid has the focus; the row's keys do what its links do.
  made.tabIndex = -1
  return made
}
