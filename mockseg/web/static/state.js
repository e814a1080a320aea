// @ts-check
// What the view says of itself: numbers, new calls, a pause, a lost connection.

import { part } from './document.js'
import { newCalls, timeOfDay } from './text.js'

// New calls are told to a screen reader at most this often.
const SAY_MS = 5000

export class State {
  constructor () {
    // When it was paused, since when nothing answers, how it asks; empty if not.
    this.paused = this.lost = this.polling = ''
    this.newCalls = this.newBad = this.bad = 0
    this.unsaid = { calls: 0, bad: 0, timer: 0 }
  }

  get isPaused () { return this.paused !== '' }

  /** @param {string} at when it was paused; empty to resume */
  pause (at) {
    this.paused = at
    part('pause').setAttribute('aria-pressed', String(this.isPaused))
    this.show()
  }

  /** @param {number} pollSeconds between two looks; 0 where calls come as they arrive */
  open (pollSeconds) {
    this.lost = ''
    this.polling = pollSeconds
      ? `This tab asks every ${pollSeconds} s: four other tabs are live.`
      : ''
    this.show()
  }

  /** @param {number} seconds until the next attempt */
  lose (seconds) {
    this.lost ||= timeOfDay(Date.now())
    this.show(seconds)
  }

  /** @param {Record<string, number>} counts of what is kept */
  count (counts) {
    for (const [name, count] of Object.entries({ ...counts, bad: counts.total - counts.good })) {
      const shown = document.querySelector(`[data-count="${CSS.escape(name)}"]`)
      if (shown) shown.textContent = String(count)
    }
    for (const told of document.querySelectorAll('[data-told]')) {
      const { told: name, words } = /** @type {HTMLElement} */ (told).dataset
      const number = counts[name ?? '']
      told.textContent = words ? (number ? `${number} ${words}` : '') : String(number)
      told.classList.toggle('wrong', Boolean(words && number))
    }
    document.querySelector('[data-count=bad]')?.classList.toggle('bad', counts.total > counts.good)
  }

  /** @param {number} calls that came @param {number} bad of them */
  arrive (calls, bad) {
    this.newCalls += calls
    this.newBad += bad
    this.bad += bad
    if (this.bad) document.title = `(${this.bad.toLocaleString('en')} bad) mockseg`
    this.show()
    this.unsaid.calls += calls
    this.unsaid.bad += bad
    if (!this.unsaid.calls) return
    this.unsaid.timer ||= setTimeout(() => {
      this.say(newCalls(this.unsaid.calls, this.unsaid.bad))
      this.unsaid = { calls: 0, bad: 0, timer: 0 }
    }, SAY_MS)
  }

  clearNews () {
    this.newCalls = this.newBad = 0
    this.show()
  }

  /** @param {string} text for all, in a line that is read aloud */
  say (text) {
    part('said').textContent = text
  }

  /** @param {number} [seconds] until the next attempt to connect */
  show (seconds) {
    const since = newCalls(this.newCalls, this.newBad)
    part('news').hidden = !this.newCalls || this.isPaused
    part('news').textContent = `▲ ${since}`
    part('pill').textContent = this.lost ? '○ no answer' : this.isPaused ? '‖ paused' : this.polling ? '◌ polling' : '● live'
    if (this.lost && seconds === undefined) return
    const lost = this.lost ? `No answer since ${this.lost}. Next attempt in ${seconds} s.` : ''
    const paused = this.paused ? `Paused at ${this.paused}. ${since} since.` : ''
    part('state').textContent = lost || paused || this.polling
    part('notice').hidden = !lost && !paused && !this.polling
    part('retry').hidden = !lost
    part('resume').hidden = Boolean(lost) || !paused
  }
}
