// @ts-check
// What a row of the list is about: a call, or a note that tells what is missing at its place.

import { timeOfDay } from './text.js'

/**
 * A row of `GET /calls/rows`: cursor, milliseconds, source, type, label, peek, user, verdict, good,
 * code, field, number of further findings, attempt, cursor of the call it repeats, deliveries,
 * values of the chosen fields.
 * @typedef {[number, number, string, string, string, string, string, string, boolean, string,
 *   string, number, number, number, [string, string][], string[]]} CallRow
 */
/** @typedef {{ note: string, missing?: { after: number, before: number } }} Note */
/** @typedef {CallRow | Note} Entry */

/** @type {never[]} */
const NONE = []
// Places of a row whose texts many rows have: source, type, label, user, verdict, code, field.
const SHARED = [2, 3, 4, 6, 7, 9, 10]
const MOST_SHARED = 10_000
/** @type {Map<string, string>} */
const shared = new Map()

/** @param {Entry | undefined} entry @returns {entry is CallRow} */
export const isCall = (entry) => Array.isArray(entry)

/** @param {CallRow} row */
export const callId = (row) => `call-${Number(row[0])}`

/** @param {Entry} entry @returns {Entry} the same, which keeps no text that others have */
export function slim (entry) {
  if (!isCall(entry)) return entry
  /** @type {any[]} */
  const row = entry
  if (shared.size > MOST_SHARED) shared.clear()
  for (const place of SHARED) {
    const text = row[place]
    row[place] = shared.get(text) ?? text
    shared.set(text, row[place])
  }
  for (const place of [14, 15]) if (!row[place].length) row[place] = NONE
  return entry
}

// --- notes: nothing is left out without a word

/** @param {number} count */
const number = (count) => count.toLocaleString('en')

/** @param {{ reason: string, after: number, next: number | null }} gap @returns {Note} */
export function gapNote ({ reason, after, next }) {
  if (reason === 'restarted') {
    return { note: `mockseg was started anew at ${timeOfDay(Date.now())}: the calls below are of the run before.` }
  }
  const where = next === null ? `Calls after call-${after}` : `Calls between call-${after} and call-${next}`
  return { note: `${where} were evicted before they could be shown here.` }
}

/** @param {number | null} ms when; null if that is not known @returns {Note} */
export function clearedNote (ms) {
  return { note: ms === null ? 'Calls were cleared.' : `Calls were cleared at ${timeOfDay(ms)}.` }
}

/** @param {number} calls @param {string[]} bounds settings over which they were @returns {Note} */
export function evictedNote (calls, bounds) {
  const over = bounds.length ? ` (${bounds.join(', ')})` : ''
  return { note: `${number(calls)} earlier call${calls === 1 ? ' was' : 's were'} evicted${over}.` }
}

/** @param {number} calls that the list has at most @returns {Note} */
export const endNote = (calls) => ({ note: `The list ends after ${number(calls)} calls. A query finds earlier ones.` })

/** @param {{ count: number, bad: number, after: number, before: number }} skipped @returns {Note} */
export function skippedNote ({ count, bad, after, before }) {
  return missingNote(`${number(count)} call${count === 1 ? '' : 's'} (${number(bad)} bad)`, after, before)
}

/** @param {number} after @param {number} before @returns {Note} of calls that came while rows waited */
export const waitingNote = (after, before) => missingNote('More calls', after, before)

/** @param {string} calls @param {number} after @param {number} before @returns {Note} */
export function missingNote (calls, after, before) {
  const note = `${calls} came faster than the page shows them. Enter or a click loads them.`
  return { note, missing: { after, before } }
}
