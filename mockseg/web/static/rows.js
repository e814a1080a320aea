// @ts-check
// Rows of the table of calls. Values of messages become text nodes, never markup, class or style.

import { printable } from './text.js'

/**
 * A row of `GET /calls/rows`: cursor, milliseconds, source, type, label, peek, user, verdict, good,
 * code, field, number of further findings, attempt, cursor of the call it repeats, deliveries.
 * @typedef {[number, number, string, string, string, string, string, string, boolean, string,
 *   string, number, number, number, [string, string][]]} CallRow
 */

// What is longer was shortened by the server: it cannot be linked to.
const LONGEST_KEY = 200
// The only classes that a mark may have.
const MARKS = new Set([
  'good', 'accepted', 'dropped', 'blocked', 'rejected',
  'queued', 'retrying', 'delivered', 'filtered', 'failed'
])

/** @param {CallRow} row @returns {HTMLTableRowElement} */
export function callRow (row) {
  const [cursor, ms, source, type, label, peek, user, verdict, good, code, field, more, , , to] = row
  const element = document.createElement('tr')
  element.className = good ? 'good' : 'bad'
  const time = document.createElement('time')
  time.dateTime = time.title = new Date(ms).toISOString()
  time.textContent = time.dateTime.slice(11, 23)
  element.append(
    cell(link(`/_mockseg/calls/call-${Number(cursor)}`, time)),
    cell(sourceOf(source)),
    ...[type, label, peek, user].map((text) => cell(printable(text))),
    cell(mark(good ? 'good' : verdict)),
    cell(finding(code, field, more)),
    cell(...to.map(([destination, state]) => delivery(destination, state)))
  )
  element.cells[4].className = 'peek'
  return element
}

/** @param {string} text @returns {HTMLTableRowElement} a row that tells what is missing here */
export function noteRow (text) {
  const element = document.createElement('tr')
  element.className = 'note'
  const only = cell(text)
  only.colSpan = 9
  element.append(only)
  return element
}

/** @param {string} name of a verdict or of a delivery's state */
function mark (name) {
  const element = document.createElement('span')
  element.className = MARKS.has(name) ? `mark ${name}` : 'mark'
  element.textContent = printable(name)
  return element
}

/** @param {string} destination @param {string} state */
function delivery (destination, state) {
  const element = document.createElement('p')
  element.append(mark(state), ` ${printable(destination)}`)
  return element
}

/** @param {string} code @param {string} field @param {number} more */
function finding (code, field, more) {
  if (!code) return ''
  const first = printable(field ? `${field}: ${code}` : code)
  return more ? `${first}, and ${more} more` : first
}

/** @param {string} key */
function sourceOf (key) {
  if (!key || key.length > LONGEST_KEY) return printable(key) || '(no key)'
  return link(`/_mockseg/?${new URLSearchParams({ source: key })}`, printable(key))
}

/** @param {(string | Node)[]} content */
function cell (...content) {
  const element = document.createElement('td')
  element.append(...content)
  return element
}

/** @param {string} address @param {string | Node} content */
function link (address, content) {
  const element = document.createElement('a')
  element.setAttribute('href', address)
  element.append(content)
  return element
}
