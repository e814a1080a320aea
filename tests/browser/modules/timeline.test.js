// A span of the timeline: which columns, which terms, which words.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnAt, spanOf, spanText } from '../static/timeline.js'

const MINUTE = 60_000
const at = Date.UTC(2026, 10, 30, 10)
const buckets = [0, 1, 2].map((index) => ({ start: at + index * MINUTE, length: MINUTE, good: index, bad: 1 }))

test('a column is under the pointer, also beside the picture', () => {
  const box = { left: 100, width: 600 }
  assert.deepEqual([99, 100, 109, 110, 699, 900].map((x) => columnAt(x, box, 60)), [0, 0, 0, 1, 59, 59])
})

test('the span has all of the first column and nothing after the last one', () => {
  assert.deepEqual(spanOf(buckets), { from: '2026-11-30T10:00:00.000Z', to: '2026-11-30T10:03:00.000Z' })
})

test('a span says when and how many', () => {
  assert.equal(spanText(buckets), '10:00 to 10:03 UTC: 3 good, 3 bad')
})
