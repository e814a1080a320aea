// @ts-check
// What the view says of itself: numbers, new calls, a pause, a lost connection, a long search; and
// what a hidden tab says in its title.

import { part } from './document.js'
import { newCalls, timeOfDay } from './text.js'

// New calls are told to a screen reader at most this often.
const SAY_MS = 5000
// The rate is that of this time.
const RATE_MS = 5000
// A hidden tab counts the bad calls this often.
const COUNT_MS = 15_000
// A search that is faster needs no word.
const QUICK_MS = 150

/** How many calls come. */
export class Rate {
  constructor () {
    /** @type {[number, number][]} moments in milliseconds, with how many calls came */
    this.come = []
  }

  /** @param {number} calls @param {number} now in milliseconds */
  add (calls, now) {
    if (calls) this.come.push([now, calls])
  }

  /** @param {number} now in milliseconds @returns {number} calls a second; 0 only when none came of late */
  at (now) {
    this.come = this.come.filter(([ms]) => now - ms < RATE_MS)
    const calls = this.come.reduce((total, [, each]) => total + each, 0)
    return calls && Math.max(1, Math.round(calls * 1000 / RATE_MS))
  }
}

export class State {
  constructor () {
    // When it was paused, since when nothing answers, how it asks; empty if not.
    this.paused = this.lost = this.polling = ''
    this.newCalls = this.newBad = this.bad = 0
    this.unsaid = { calls: 0, bad: 0, timer: 0 }
    this.rate = new Rate()
    this.rateTimer = 0
  }

  get isPaused () { return this.paused !== '' }

  /** @param {string} at when it was paused; empty to resume */
  pause (at) {
    this.paused = at
    part('pause').setAttribute('aria-pressed', String(this.isPaused))
    this.showTitle()
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

  /** @param {number} calls that came @param {number} bad of them @param {boolean} [isNow] not while nothing listened */
  arrive (calls, bad, isNow = true) {
    this.newCalls += calls
    this.newBad += bad
    this.bad += bad
    if (isNow) this.rate.add(calls, performance.now())
    this.showTitle()
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

  /** Show in the tab how many bad calls came. @param {number} [unseen] more, which the list does not have yet */
  showTitle (unseen = 0) {
    const bad = this.bad + unseen
    if (bad) document.title = `(${bad.toLocaleString('en')} bad) mockseg`
    const icon = part('icon')
    icon.setAttribute('href', bad ? icon.dataset.bad : this.isPaused ? icon.dataset.paused : icon.dataset.usual)
  }

  /** Show how many calls come, until none come. */
  showRate () {
    const rate = this.rate.at(performance.now())
    part('pill').textContent = rate ? `● live, ${rate.toLocaleString('en')}/s` : '● live'
    clearTimeout(this.rateTimer)
    if (rate) this.rateTimer = setTimeout(() => this.show(), 1000)
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
    const other = this.lost ? '○ no answer' : this.isPaused ? '‖ paused' : this.polling ? '◌ polling' : ''
    if (other) part('pill').textContent = other
    else this.showRate()
    if (this.lost && seconds === undefined) return
    const lost = this.lost ? `No answer since ${this.lost}. Next attempt in ${seconds} s.` : ''
    const paused = this.paused ? `Paused at ${this.paused}. ${since} since.` : ''
    part('state').textContent = lost || paused || this.polling
    part('notice').hidden = !lost && !paused && !this.polling
    part('retry').hidden = !lost
    part('resume').hidden = Boolean(lost) || !paused
  }
}

/** Counts the bad calls that came while the tab is hidden: its feed is closed then. */
export class Absence {
  /**
   * @param {URLSearchParams} asked which calls
   * @param {() => number} cursor of the last call that the list has
   * @param {(bad: number) => void} tell
   */
  constructor (asked, cursor, tell) {
    this.asked = asked
    this.cursor = cursor
    this.tell = tell
    this.timer = 0
    document.addEventListener('visibilitychange', () => this.follow())
    this.follow()
  }

  get isHidden () { return document.visibilityState === 'hidden' }

  follow () {
    clearInterval(this.timer)
    if (this.isHidden) this.timer = setInterval(() => this.count(), COUNT_MS)
    // The feed brings what came.
    else this.tell(0)
  }

  async count () {
    const asked = new URLSearchParams(this.asked)
    asked.delete('fields')
    asked.set('q', `${asked.get('q') ?? ''} after:call-${this.cursor()}`.trim())
    try {
      const answer = await fetch(`/_mockseg/v1/calls/counts?${asked}`)
      if (answer.ok && this.isHidden) this.tell((await answer.json()).bad)
    } catch {
      // Nothing answers: the feed tells it when the tab is shown.
    }
  }
}

/** Says that a search takes long, and ends it on request; what was found before stays till then. */
export class Searching {
  /** @param {() => void} onStop */
  constructor (onStop) {
    this.timer = 0
    // Not in each browser: there the browser's own sign that it loads is all.
    const { navigation } = /** @type {any} */ (globalThis)
    navigation?.addEventListener('navigate', (/** @type {any} */ event) => this.follow(event))
    addEventListener('pagehide', () => this.end())
    part('stop').addEventListener('click', () => {
      stop()
      this.end()
      onStop()
    })
  }

  /** @param {{ destination: { url: string, sameDocument: boolean }, downloadRequest: string | null, signal: AbortSignal }} event */
  follow ({ destination, downloadRequest, signal }) {
    const isView = new URL(destination.url).pathname === location.pathname
    if (!isView || destination.sameDocument || downloadRequest !== null) return
    signal.addEventListener('abort', () => this.end())
    clearTimeout(this.timer)
    part('grid').setAttribute('aria-busy', 'true')
    this.timer = setTimeout(() => {
      const total = Number(document.querySelector('[data-count=total]')?.textContent)
      part('looking').textContent = `Looking through ${total.toLocaleString('en')} call${total === 1 ? '' : 's'}.`
      part('searching').hidden = false
    }, QUICK_MS)
  }

  end () {
    clearTimeout(this.timer)
    part('searching').hidden = true
    part('grid').setAttribute('aria-busy', 'false')
  }
}
