// @ts-check
// A row of the grid. Values of messages become text nodes, never markup, class, id or style.

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

/** @type {Record<string, (row: CallRow, look: Look) => (string | Node)[]>} */
const CELLS = {
  time: (row, look) => {
    const time = element('time', clock(row[1]))
    time.setAttribute('datetime', new Date(row[1]).toISOString())
    time.title = new Date(row[1]).toISOString()
    const shown = look.isGone ? time : link(`/_mockseg/calls/${callId(row)}`, time)
    return row[12] > 1 ? [shown, ` ×${Number(row[12])}`] : [shown]
  },
  source: (row) => [sourceOf(row[2])],
  type: (row) => [printable(row[3])],
  label: (row) => [printable(row[4])],
  peek: (row) => [printable(row[5])],
  user: (row) => [printable(row[6])],
  verdict: (row) => [mark(row[8] ? 'good' : row[7])],
  finding: (row) => [finding(row)],
  to: (row) => row[14].map(([destination, state]) => delivery(destination, state))
}

/** @param {CallRow} row */
export const callId = (row) => `call-${Number(row[0])}`

/**
 * @param {HTMLElement} row the element
 * @param {import('./rows.js').CallRow | import('./rows.js').Note | undefined} entry
 * @param {Look} look
 */
export function fillRow (row, entry, look) {
  row.className = isCall(entry) ? (entry[8] ? 'good' : 'bad') : 'note'
  row.toggleAttribute('data-gone', look.isGone)
  row.toggleAttribute('data-fresh', look.isFresh)
  if (look.isOpen) row.setAttribute('aria-current', 'true')
  else row.removeAttribute('aria-current')
  if (!isCall(entry)) {
    row.removeAttribute('aria-selected')
    const only = cell('note', entry ? entry.note : 'Loading …')
    only.setAttribute('aria-colspan', String(look.columns.length))
    row.replaceChildren(only)
    return
  }
  row.setAttribute('aria-selected', String(look.isChosen))
  row.replaceChildren(...look.columns.map((name) => {
    const show = CELLS[name]
    const field = look.fields.indexOf(name)
    return show ? cell(name, ...show(entry, look)) : cell('field', printable(entry[15][field] ?? ''))
  }))
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

/** @param {string} name of the column, one of ours @param {(string | Node)[]} content */
function cell (name, ...content) {
  const shown = element('div', ...content)
  shown.setAttribute('role', 'gridcell')
  shown.dataset.column = name
  return shown
}

/** @param {string} name of a verdict or of a delivery's state */
function mark (name) {
  const shown = element('span', printable(name))
  shown.className = MARKS.has(name) ? `mark ${name}` : 'mark'
  return shown
}

/** @param {string} destination @param {string} state */
function delivery (destination, state) {
  const shown = mark(state)
  shown.textContent = ''
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

/** @param {string} key */
function sourceOf (key) {
  if (!key || key.length > LONGEST_KEY) return printable(key) || '(no key)'
  return link(`/_mockseg/?${new URLSearchParams({ source: key })}`, printable(key))
}

/** @param {string} address @param {string | Node} content */
function link (address, content) {
  const shown = element('a', content)
  shown.setAttribute('href', address)
  // The grid has the focus; the row's keys do what its links do.
  shown.tabIndex = -1
  return shown
}

/** @param {string} name @param {(string | Node)[]} content */
function element (name, ...content) {
  const made = document.createElement(name)
  made.append(...content)
  return made
}
