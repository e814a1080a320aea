// Small decisions of the page: the split, the query's terms, the version that answers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gap, hasBecome } from '../static/columns.js'
import { outdated } from '../static/feed.js'
import { moved, within } from '../static/pane.js'
import { Rate } from '../static/state.js'
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

test('a rate is that of the last five seconds, and at least one while calls came', () => {
  const rate = new Rate()
  assert.equal(rate.at(0), 0)
  rate.add(0, 0)
  rate.add(60, 1000)
  rate.add(1, 3000)
  assert.deepEqual([4000, 6000, 8000].map((now) => rate.at(now)), [12, 1, 0])
})

test('a gap has one unit', () => {
  const gaps = [0, 999, 1000, 59_949, 90_000, 36_000_000, 86_400_000, -1500]
  assert.deepEqual(gaps.map(gap), ['+0 ms', '+999 ms', '+1.0 s', '+60 s', '+1.5 min', '+10 h', '+1.0 d', '−1.5 s'])
})

test('an anonymousId becomes a userId, never the other way', () => {
  const of = (user) => [1, 0, 'k', 'track', 'E', '', user]
  assert.ok(hasBecome(of('anon a'), of('u')))
  assert.ok(!hasBecome(of('u'), of('anon a')) && !hasBecome(of('anon a'), of('anon b')) && !hasBecome(of('anon a'), of('')))
})
