// @ts-check
// Rows that tell what is missing at their place: nothing is left out without a word.

import { timeOfDay } from './text.js'

/** @typedef {{ note: string, missing?: { after: number, before: number } }} Note */

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
