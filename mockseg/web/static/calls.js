// @ts-check
// The live view of calls: new ones come on top, and nothing moves while a row is read.

import { Feed } from './feed.js'
import { bindKeys, moveFocus } from './keys.js'
import { Pane } from './pane.js'
import { callRow, noteRow } from './rows.js'
import { newCalls, timeOfDay } from './text.js'

const MAX_ROWS = 500

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id)

class CallsView {
  constructor () {
    /** @type {HTMLTableSectionElement} */
    this.body = part('calls-body')
    // When it was paused, and since when nothing answers; empty if not.
    this.paused = this.lost = this.polling = ''
    this.bad = 0
    this.forget()
    this.pane = new Pane(this.body)
    this.bind()
    const here = new URLSearchParams(location.search)
    const asked = new URLSearchParams()
    for (const name of ['source', 'q']) {
      const value = here.get(name)
      if (value !== null) asked.set(name, value)
    }
    this.feed = new Feed(asked, part('live').dataset.after, this)
    part('live').hidden = false
  }

  bind () {
    const actions = {
      p: () => this.pause(), x: () => this.hide(), g: () => this.show(),
      j: () => moveFocus(this.body, 1), k: () => moveFocus(this.body, -1),
      '/': () => part('query').focus(), '?': () => part('keys').showModal(),
      b: () => moveFocus(this.body, 1, 'bad'),
      Escape: () => this.pane.close() || document.activeElement instanceof HTMLElement && document.activeElement.blur()
    }
    bindKeys(new Map(Object.entries(actions)))
    part('pause').addEventListener('click', actions.p)
    part('hide').addEventListener('click', actions.x)
    part('help').addEventListener('click', actions['?'])
    part('news').addEventListener('click', actions.g)
    part('retry').addEventListener('click', () => this.feed.open())
  }

  /** Forget the calls that wait to be shown. */
  forget () {
    /** @type {HTMLTableRowElement[]} the newest first */
    this.waiting = []
    this.newCalls = this.newBad = 0
  }

  /** Return whether a row on top would move what is read or typed. */
  get isRead () {
    const active = document.activeElement
    const focused = active && active !== document.body && !part('live').contains(active)
    return Boolean(this.paused || focused) || part('calls-table').getBoundingClientRect().top < 0
  }

  /** @param {any} news */
  onRows (news) {
    const { rows, skipped, counts, changed } = news
    const elements = rows.map(callRow)
    if (skipped) {
      const { count, bad } = skipped
      elements.push(noteRow(`${count} calls (${bad} bad) came faster than the page shows them.`))
    }
    if (changed.includes('cleared')) elements.push(noteRow('Calls were cleared.'))
    this.newCalls += rows.length + (skipped?.count ?? 0)
    const bad = rows.filter((/** @type {any} */ row) => !row[8]).length + (skipped?.bad ?? 0)
    this.newBad += bad
    this.bad += bad
    if (this.bad) document.title = `(${this.bad} bad) mockseg`
    for (const [name, count] of Object.entries({ ...counts, bad: counts.total - counts.good })) {
      const shown = document.querySelector(`[data-count="${CSS.escape(name)}"]`)
      if (shown) shown.textContent = String(count)
    }
    document.querySelector('[data-count=bad]')?.classList.toggle('bad', counts.total > counts.good)
    this.add(elements)
  }

  /** @param {any} gap */
  onGap (gap) {
    const text = gap.reason === 'restarted'
      ? 'mockseg was started anew: calls below are of the run before.'
      : 'Calls were evicted before they could be shown here.'
    this.add([noteRow(text)])
  }

  /** @param {number} pollSeconds between two looks; 0 where calls come as they arrive */
  onOpen (pollSeconds) {
    this.lost = ''
    this.polling = pollSeconds
      ? `This tab asks every ${pollSeconds} s: four other tabs are live.`
      : ''
    this.notice()
  }

  /** @param {number} seconds */
  onLost (seconds) {
    this.lost ||= timeOfDay()
    this.notice(seconds)
  }

  /** @param {HTMLTableRowElement[]} elements */
  add (elements) {
    this.waiting = [...elements, ...this.waiting].slice(0, MAX_ROWS)
    if (this.isRead) this.notice()
    else this.flush()
  }

  flush () {
    this.body.prepend(...this.waiting)
    while (this.body.rows.length > MAX_ROWS) this.body.deleteRow(-1)
    if (this.body.rows.length) {
      part('calls-table').hidden = false
      part('calls-empty')?.remove()
    }
    this.forget()
    this.notice()
  }

  /** Show the calls that wait, at the top. */
  show () {
    this.flush()
    part('calls').scrollIntoView()
  }

  pause () {
    this.paused = this.paused ? '' : timeOfDay()
    part('pause').setAttribute('aria-pressed', String(Boolean(this.paused)))
    if (this.isRead) this.notice()
    else this.flush()
  }

  /** Hide the calls that came so far; the server keeps them. */
  hide () {
    this.body.replaceChildren()
    this.forget()
    this.bad = 0
    document.title = 'mockseg'
    this.notice()
  }

  /** @param {number} [seconds] until the next attempt to connect */
  notice (seconds) {
    const news = part('news')
    news.hidden = !this.newCalls
    news.textContent = newCalls(this.newCalls, this.newBad)
    if (this.lost && seconds === undefined) return
    const lost = this.lost ? `No answer since ${this.lost}. Next attempt in ${seconds} s.` : ''
    const paused = this.paused ? `Paused at ${this.paused}.` : ''
    part('state').textContent = lost || paused || this.polling
    part('notice').hidden = !lost && !paused && !this.polling
    part('retry').hidden = !lost
  }
}

if (part('live')) new CallsView()
