// @ts-check
// Rows take less memory: they have one copy of what they have in common.

import { isCall } from './rows.js'

/** @typedef {import('./rows.js').Entry} Entry */

/** @type {never[]} */
const NONE = []
// Places of a row whose texts many rows have: source, type, label, user, verdict, code, field.
const SHARED = [2, 3, 4, 6, 7, 9, 10]
const MOST_SHARED = 10_000
/** @type {Map<string, string>} */
const shared = new Map()

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
