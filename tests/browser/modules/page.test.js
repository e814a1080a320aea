// Small decisions of the page: the split, the query's terms, the version that answers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outdated } from '../static/feed.js'
import { moved, within } from '../static/pane.js'
import { startOfTerm } from '../static/suggest.js'

test('the split leaves room for both sides, whatever was kept', () => {
  assert.deepEqual([NaN, -5, 44.6, 99].map(within), [60, 30, 45, 75])
  assert.deepEqual(['ArrowLeft', 'ArrowRight', 'Home', 'End', 'a'].map((key) => moved(key, 60)), [58, 62, 30, 75, null])
  assert.equal(moved('ArrowRight', 75), 75)
})

test('a term begins after a blank that is not quoted', () => {
  const query = 'event:"a b\\" c" typ'
  assert.equal(startOfTerm(query, query.length), 16)
  assert.equal(startOfTerm(query, 12), 0)
})

test('another server is named by what differs', () => {
  const page = { version: '0.2.0', run: 7 }
  assert.equal(outdated(page, { ...page }), '')
  assert.match(outdated(page, { version: '0.3.0', run: 7 }), /page is of mockseg 0\.2\.0, and mockseg 0\.3\.0/)
  assert.match(outdated(page, { version: '0.2.0', run: 8 }), /started anew/)
})
