// Text of messages: what is invisible or reorders it is escaped, and terms are quoted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clock, newCalls, printable, termText, timeOfDay } from '../static/text.js'

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
