// @ts-check
// Rows of the table of calls. Values of messages become text nodes, never markup, class or style.

import { printable } from './text.js'

/**
 * A row of `GET /calls/rows`: cursor, milliseconds, source, type, label, peek, user, verdict, good,
 * code, field, number of further findings, and what the table does not show.
 * @typedef {[number, number, string, string, string, string, string, string, boolean, string,
 *   string, number]} CallRow
 */

// What is longer was shortened by the server: it cannot be linked to.
const LONGEST_KEY = 200

/** @param {CallRow} row @returns {HTMLTableRowElement} */
export function callRow (row) {
  const [cursor, ms, source, type, label, peek, user, verdict, good, code, field, more] = row
  const element = document.createElement('tr')
  element.className = good ? 'good' : 'bad'
  const time = document.createElement('time')
  time.dateTime = time.textContent = new Date(ms).toISOString()
  element.append(
    cell(link(`/_mockseg/calls/call-${Number(cursor)}`, time)),
    cell(sourceOf(source)),
    ...[type, label, peek, user, verdict].map((text) => cell(printable(text))),
    cell(finding(code, field, more))
  )
  element.cells[4].className = 'peek'
  return element
}

/** @param {string} text @returns {HTMLTableRowElement} a row that tells what is missing here */
export function noteRow (text) {
  const element = document.createElement('tr')
  element.className = 'note'
  const only = cell(text)
  only.colSpan = 8
  element.append(only)
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

/** @param {string | Node} content */
function cell (content) {
  const element = document.createElement('td')
  element.append(content)
  return element
}

/** @param {string} address @param {string | Node} content */
function link (address, content) {
  const element = document.createElement('a')
  element.setAttribute('href', address)
  element.append(content)
  return element
}
