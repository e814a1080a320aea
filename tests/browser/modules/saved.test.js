// Saved queries: what is kept, and what is refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MOST_SAVED, readSaved, withSaved } from '../static/saved.js'

const saved = [{ name: 'bad', q: 'is:bad' }]

test('what cannot be used of the kept text is left out', () => {
  assert.deepEqual(readSaved(null), [])
  assert.deepEqual(readSaved('{'), [])
  assert.deepEqual(readSaved('{"name":"x"}'), [])
  assert.deepEqual(readSaved('[null,{"name":1,"q":"a"},{"name":"bad","q":"is:bad"}]'), saved)
  assert.equal(readSaved(JSON.stringify(Array(9).fill(saved[0]))).length, MOST_SAVED)
})

test('a query takes the place of the one with its name', () => {
  assert.deepEqual(withSaved(saved, ' bad ', 'is:dropped'), [{ name: 'bad', q: 'is:dropped' }])
  assert.deepEqual(withSaved(saved, 'u1', 'user:u1'), [...saved, { name: 'u1', q: 'user:u1' }])
})

test('a seventh one, one without a name and an empty one are refused', () => {
  const six = Array.from({ length: MOST_SAVED }, (_, index) => ({ name: `${index}`, q: 'a' }))
  assert.match(String(withSaved(six, 'x', 'a')), /At most 6/)
  assert.equal(withSaved(six, '3', 'b')[3].q, 'b')
  assert.match(String(withSaved([], ' ', 'a')), /Name it/)
  assert.match(String(withSaved([], 'x', ' ')), /No query/)
})
