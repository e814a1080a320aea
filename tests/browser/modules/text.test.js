// Text of messages: what is invisible or reorders it is escaped, and terms are quoted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clock, newCalls, printable, termText, timeOfDay, timeText } from '../static/text.js'

test('what is invisible or reorders a line is an escape', () => {
  assert.equal(printable('a\u202eb\u200b\x07\n'), 'a\\u202eb\\u200b\\x07\\n')
  assert.equal(printable('\ud800 \u{e0001} ü 😀'), '\\ud800 \\U000e0001 ü 😀')
})

test('numbers of new calls have their plural', () => {
  assert.equal(newCalls(1, 0), '1 new call')
  assert.equal(newCalls(1200, 3), '1,200 new calls, 3 bad')
})

test('a term is quoted where its value needs it', () => {
  assert.equal(termText('event', 'Signed'), 'event:Signed')
  assert.equal(termText('event', 'say "hi": now', true), '-event:"say \\"hi\\": now"')
  assert.equal(termText('event', ''), 'event:""')
  assert.equal(termText('event', 'a*'), 'event:a\\*')
})

test('a time of day has milliseconds where they matter', () => {
  const noon = new Date(2026, 10, 30, 12, 3, 4, 5).getTime()
  assert.equal(clock(noon), '12:03:04.005')
  assert.equal(timeOfDay(noon), '12:03:04')
})

test('a time is local, in UTC, or how long ago or ahead', () => {
  const [ms, utc] = [Date.UTC(2026, 0, 31, 12, 0, 30, 125), '2026-01-31T12:00:30.125Z']
  assert.equal(timeText(ms, 'UTC', ms), '12:00:30.125')
  assert.equal(timeText(ms, 'UTC', ms, utc), utc)
  assert.equal(timeText(ms, 'local', ms), clock(ms))
  assert.equal(timeText(ms, 'local', ms, '12:00:30'), clock(ms).slice(0, 8))
  assert.match(timeText(ms, 'local', ms, utc), /^2026-0(1-31|2-01) /)
  const waited = [-5, 0, 119, 120, 7199, 7200, 172_800]
  assert.deepEqual(waited.map((seconds) => timeText(ms, 'ago', ms + seconds * 1000)),
    ['in 5 s', '0 s ago', '119 s ago', '2 min ago', '120 min ago', '2 h ago', '2 days ago'])
})
