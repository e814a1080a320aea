// Rows keep their places, whatever comes above or is loaded below.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clearedNote, evictedNote, gapNote, isCall, missingNote, skippedNote, waitingNote } from '../static/entries.js'
import { Rows } from '../static/rows.js'

const row = (cursor, good = true) =>
  [cursor, 0, 'k', 'track', `E${cursor}`, '', 'u', 'accepted', good, '', '', 0, 1, 0, [], []]

const EMPTY = { rows: [], next: null, total: 0, lost: { calls: 0, bounds: [] } }
/** What a document begins with of which all rows are still to be loaded. */
const begun = (newest) => ({ ...EMPTY, next: newest + 1, total: newest })

/** Answer as `GET /calls/rows` of a server that keeps calls 1 to `newest`. */
function serve (newest, lost = 0) {
  const asked = []
  globalThis.fetch = async (address) => {
    const query = new URL(address, 'http://x').searchParams
    asked.push(query)
    const [before, after, limit] = ['before', 'after', 'limit'].map((name) => Number(query.get(name)))
    const found = []
    for (let cursor = Math.min(newest, before - 1); cursor > after && found.length <= limit; cursor -= 1) found.push(row(cursor))
    const rows = found.slice(0, limit)
    const next = found.length > limit ? rows.at(-1)[0] : null
    return { ok: true, json: async () => ({ rows, next, total: newest, lost: { calls: lost, bounds: ['--max-calls'] } }) }
  }
  return asked
}

test('what comes on top leaves the places below alone', async () => {
  serve(3)
  const rows = new Rows(new URLSearchParams(), begun(3), 0)
  rows.want(rows.top)
  rows.want(-1)
  await rows.loading
  const place = rows.top
  assert.equal(rows.at(place)[0], 3)
  rows.add([row(5), row(4)])
  assert.equal(rows.at(place)[0], 3)
  assert.equal(rows.at(rows.top)[0], 5)
  assert.equal(rows.count, 5)
  assert.ok(rows.hasCalls)
})

test('the rows of the document are not asked for again', async () => {
  const asked = serve(900)
  const first = { ...EMPTY, rows: [row(900), row(899)], next: 899, total: 900 }
  const rows = new Rows(new URLSearchParams(), first, 0)
  rows.want(rows.top - 1)
  assert.equal(rows.loading, null)
  assert.deepEqual([rows.at(rows.top)[0], rows.count], [900, 900])
  rows.want(rows.top - 2)
  await rows.loading
  assert.deepEqual(asked.map((query) => [query.get('before'), query.get('limit')]), [['899', '500']])
  assert.deepEqual([rows.at(rows.top - 2)[0], rows.count], [898, 900])
})

test('the next rows are asked for before the last ones are shown', async () => {
  const asked = serve(20_000)
  const rows = new Rows(new URLSearchParams(), begun(20_000), 0)
  const seen = []
  rows.onLoad = () => seen.push([asked.length, rows.older.length])
  rows.want(rows.top - 15_000)
  await rows.loading
  assert.deepEqual(seen, [[2, 500], [3, 1000], [4, 3500], [5, 8500], [6, 13_500], [6, 18_500]])
})

test('the end says how many calls were evicted', async () => {
  serve(2, 1200)
  const rows = new Rows(new URLSearchParams(), begun(2), 0)
  rows.want(-1)
  await rows.loading
  assert.deepEqual(rows.at(rows.bottom), evictedNote(1200, ['--max-calls']))
  assert.equal(evictedNote(1, ['--max-calls']).note, '1 earlier call was evicted (--max-calls).')
  assert.equal(evictedNote(2, []).note, '2 earlier calls were evicted.')
})

test('a note of missing calls is filled, and says when more are missing', async () => {
  serve(9)
  const rows = new Rows(new URLSearchParams(), EMPTY, 0)
  rows.add([row(9), skippedNote({ count: 4, bad: 1, after: 4, before: 9 })])
  const place = rows.top - 1
  assert.equal(rows.at(place).note, '4 calls (1 bad) came faster than the page shows them. Enter or a click loads them.')
  await rows.loadMissing(place)
  assert.deepEqual([0, 1, 2, 3, 4].map((at) => rows.at(place + at)[0]), [5, 6, 7, 8, 9])
})

test('the next bad call is found beyond what is loaded', async () => {
  const asked = serve(700)
  const rows = new Rows(new URLSearchParams('q=is:any'), begun(700), 0)
  rows.add([row(701, false)])
  assert.equal(await rows.nextBad(rows.top, -1), rows.top)
  assert.equal(await rows.nextBad(rows.top - 1, -1), null)
  assert.equal(asked.length, 2)
  assert.equal(asked[1].get('q'), 'is:any')
  assert.equal(await rows.nextBad(rows.bottom, 1), rows.top)
})

test('after a restart rows stay and are gone', () => {
  const rows = new Rows(new URLSearchParams(), EMPTY, 0)
  rows.add([row(2), row(1)])
  rows.restart()
  rows.add([gapNote({ reason: 'restarted', after: 2, next: null })])
  assert.ok(rows.isGone(rows.top - 1) && !rows.isGone(rows.top))
  assert.match(rows.at(rows.top).note, /was started anew at/)
  assert.ok(!isCall(rows.at(rows.top)) && !isCall(undefined))
})

test('notes name the calls and the time', () => {
  assert.equal(gapNote({ reason: 'evicted', after: 1, next: 31 }).note,
    'Calls between call-1 and call-31 were evicted before they could be shown here.')
  assert.equal(gapNote({ reason: 'evicted', after: 1, next: null }).note,
    'Calls after call-1 were evicted before they could be shown here.')
  assert.match(clearedNote(0).note, /^Calls were cleared at \d\d:\d\d:\d\d\.$/)
  assert.equal(clearedNote(null).note, 'Calls were cleared.')
  assert.deepEqual(waitingNote(1, 9).missing, { after: 1, before: 9 })
  assert.deepEqual(missingNote('More calls', 1, 9).missing, { after: 1, before: 9 })
})
