// @ts-check
// The live view of calls: joins its parts, and does what a reader asks for by key or button.

import { Arrivals } from './arrivals.js'
import { Columns, fillRow, headRow, LONGEST_KEY } from './columns.js'
import { addressWith, narrowed, OTHER_CALLS, parameter, part } from './document.js'
import { callId, isCall } from './entries.js'
import { Feed } from './feed.js'
import { keysAreOn, timesShown } from './frame.js'
import { Grid } from './grid.js'
import { Pane } from './pane.js'
import { MAX_ROWS, Rows } from './rows.js'
import { Copy, Selection } from './selection.js'
import { Absence, Searching, State } from './state.js'
import { Suggestions } from './suggest.js'
import { termText, timeOfDay } from './text.js'
import { Timeline } from './timeline.js'

/** How the times of rows are written, and a moment where they grow old. */
function timesNow () {
  const times = timesShown()
  return { times, now: times === 'ago' ? Date.now() : 0 }
}

class CallsView {
  constructor () {
    const { after, q, rows, paused } = part('live').dataset
    // With the span of time of the address.
    this.wholeQuery = q
    this.source = parameter('source')
    this.suggestions = new Suggestions(this.source)
    this.columns = new Columns(this.suggestions)
    /** @type {string[]} of the columns in sight; another list where these changed */
    this.columnNames = []
    const asked = new URLSearchParams({ fields: this.columns.fields.join(',') })
    if (q) asked.set('q', q)
    if (this.source !== null) asked.set('source', this.source)
    const cursor = parseInt(after, 10)
    this.times = timesNow()
    const first = JSON.parse(rows)
    this.columns.follow(first.terms)
    this.state = new State()
    this.rows = new Rows(asked, first, Number(parameter('since') ?? 0))
    this.grid = new Grid(part('grid'), this.rows, (element, place) => this.fill(element, place))
    this.selection = new Selection(this.rows, this.grid)
    this.timeline = new Timeline((text) => this.state.say(text))
    this.arrivals = new Arrivals(cursor, this.rows, this.grid, this.state, {
      onFirst: () => this.begin(),
      onRestart: () => this.selection.clear(),
      onNews: () => this.timeline.wake()
    })
    this.copy = new Copy(
      () => this.selection.meant(this.pane.call), () => this.query(), () => this.address(), (text) => this.state.say(text))
    this.actions = new Map(Object.entries(this.keys()))
    this.pane = new Pane({ onChange: () => this.showColumns(), onKey: (event) => this.press(event) })
    if (paused) this.state.pause(timeOfDay(Date.now()))
    this.bind()
    this.showColumns()
    this.feed = new Feed(asked, after, this.arrivals)
    new Absence(asked, () => this.arrivals.cursor, (bad) => this.state.showTitle(bad))
    // To stop a search ends what else is under way.
    new Searching(() => this.feed.open())
    part('live').hidden = false
    this.begin()
  }

  /** Show the grid instead of the table, when there is something to show. */
  begin () {
    const table = part('calls-table')
    // Where no call was shown, a note alone says nothing of use.
    if (!table || !this.rows.count || (table.hidden && !this.rows.hasCalls)) return
    table.remove()
    part('calls-empty')?.remove()
    for (const old of document.querySelectorAll('.without-grid')) old.remove()
    part('grid').hidden = false
    document.documentElement.dataset.live = ''
    this.grid.measure()
  }

  /** @returns {Record<string, (event: KeyboardEvent) => void>} what each key does */
  keys () {
    /** @param {() => number} steps */
    const move = (steps) => (/** @type {KeyboardEvent} */ event) => {
      part('grid').focus({ preventScroll: true })
      this.selection.move(steps(), event.shiftKey)
    }
    const [down, up] = [move(() => 1), move(() => -1)]
    /** @param {string} path */
    const view = (path) => () => {
      const link = document.querySelector(`nav[aria-label=Views] a[href^="/_mockseg/${path}"]`)
      if (link instanceof HTMLElement) link.click()
    }
    /** @type {Record<string, (event: KeyboardEvent) => void>} */
    const actions = {
      j: down, ArrowDown: down, k: up, ArrowUp: up,
      PageDown: move(() => this.grid.page), PageUp: move(() => -this.grid.page),
      Home: move(() => -MAX_ROWS), End: move(() => MAX_ROWS),
      Enter: () => this.enter(), ArrowRight: () => this.enter(),
      Escape: () => this.leave(), ArrowLeft: () => this.leave(),
      b: () => this.nextBad(-1), B: () => this.nextBad(1),
      g: () => this.showNewest(), p: () => this.pause(), x: () => this.hide(),
      u: () => this.follow('user', false), U: () => this.follow('user', true),
      e: () => this.follow('event', false), E: () => this.follow('event', true),
      s: () => this.scope(),
      v: () => this.selection.toggle(), d: () => this.compare(),
      c: () => this.copy.open(), y: () => this.copy.take('address', ''),
      '[': () => this.pane.step('prev'), ']': () => this.pane.step('next'),
      '/': () => this.find(), '?': () => part('keys').showModal(),
      C: view(''), S: view('sources'), P: view('plans'), D: view('destinations'),
      F: view('faults'), T: view('truth'), R: view('requests')
    }
    for (let number = 1; number <= 6; number += 1) actions[number] = () => this.pane.show(number)
    return actions
  }

  bind () {
    document.addEventListener('keydown', (event) => this.press(event))
    const press = (/** @type {string} */ key) => () => this.actions.get(key)?.(new KeyboardEvent('keydown', { key }))
    for (const [id, key] of Object.entries({
      pause: 'p', hide: 'x', help: '?', news: 'g', resume: 'p', compare: 'd', 'copy-open': 'c', 'pane-address': 'y'
    })) part(id).addEventListener('click', press(key))
    part('pane-copy').addEventListener('click', () => this.copy.open(this.pane.call))
    part('keys').addEventListener('click', (/** @type {MouseEvent} */ event) => {
      const chosen = event.target instanceof Element && event.target.closest('[data-key]')
      if (!(chosen instanceof HTMLElement)) return
      part('keys').close()
      press(chosen.dataset.key ?? '')()
    })
    part('saved-open').addEventListener('click', async () => {
      const { showSaved } = await import('./saved.js')
      showSaved()
    })
    document.addEventListener('times', () => this.tell())
    part('send-one')?.addEventListener('click', () => this.sendOne())
    part('retry').addEventListener('click', () => this.feed.open())
    part('grid').addEventListener('click', (/** @type {MouseEvent} */ event) => this.click(event))
    part('grid').addEventListener('scroll', () => this.arrivals.flush())
  }

  /** Do what a key says. @param {KeyboardEvent} event here, or in the frame of a call */
  press (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return
    const target = /** @type {Element} */ (event.target)
    if (target.closest?.('input, select, textarea')) {
      if (event.key !== 'Escape') return
      const query = part('query')
      // The first time it empties the field.
      if (target === query && query.value) query.value = ''
      else part('grid').focus()
      return
    }
    const isGrid = target.id === 'grid' || target === document.body
    const action = this.actions.get(event.key)
    if (!action || (event.key.length === 1 && !keysAreOn())) return
    // Elsewhere these move what has the focus, or act on it.
    if (/^(Arrow|Page|Home|End|Enter)/.test(event.key) && !isGrid) return
    event.preventDefault()
    action(event)
  }

  /** Write the times as the reader wants them now. */
  tell () {
    this.times = timesNow()
    this.grid.refresh()
  }

  /** @param {HTMLElement} element @param {number} place */
  fill (element, place) {
    const entry = this.rows.at(place)
    const before = this.rows.at(place - 1)
    const isGone = this.rows.isGone(place)
    fillRow(element, entry, {
      columns: this.columnNames,
      fields: this.columns.fields,
      before: this.columns.isFollowing && isCall(before) ? before : null,
      isGone,
      ...this.times,
      isChosen: this.selection?.has(place) ?? false,
      isOpen: isCall(entry) && !isGone && this.pane?.call === callId(entry),
      isFresh: place > (this.arrivals?.freshAbove ?? Infinity)
    })
  }

  showColumns () {
    const columns = this.columns.shown(this.pane?.isOpen)
    this.columnNames = columns.map(({ name }) => name)
    this.grid.head.replaceChildren(headRow(columns))
    part('grid').style.setProperty('--columns', columns.map(({ width }) => width).join(' '))
    this.grid.refresh()
  }

  // --- what a reader does

  /** Send a call, for who wants to see one. */
  async sendOne () {
    const call = { writeKey: this.source || 'demo', userId: 'u1', event: 'Hello', properties: { from: 'the page' } }
    const answer = await fetch('/v1/track', { method: 'POST', body: JSON.stringify(call) })
    this.state.say(answer.ok ? 'Sent.' : `Refused with status ${answer.status}.`)
  }

  /** Open the active call; the second time go into it. */
  enter () {
    const call = this.selection.activeCall
    if (!call) {
      if (this.grid.active !== null) this.rows.loadMissing(this.grid.active)
    } else if (this.pane.call === callId(call)) {
      this.pane.focus()
    } else {
      this.pane.open(callId(call))
    }
  }

  /** Close the call, else leave the row. */
  leave () {
    if (!this.pane.close() && !this.selection.clear()) this.grid.activate(null)
    this.grid.refresh()
    part('grid').focus({ preventScroll: true })
    this.arrivals.flush()
  }

  /** @param {MouseEvent} event */
  click (event) {
    const place = this.grid.placeOf(event)
    const target = /** @type {Element} */ (event.target)
    const link = target.closest('a')
    const isOfCall = !link || link.closest('[data-column=time]')
    // Links open in other tabs and windows as everywhere.
    if (place === null || event.ctrlKey || event.metaKey || event.altKey || !isOfCall) return
    event.preventDefault()
    this.grid.activate(place)
    if (event.shiftKey) this.selection.toggle()
    else if (!document.getSelection()?.toString()) this.enter()
  }

  /** @param {1 | -1} step 1 is up, to newer ones */
  async nextBad (step) {
    const { active, isAtTop } = this.grid
    const from = active === null ? (isAtTop ? this.rows.top : this.rows.top - this.grid.page) : active + step
    const place = await this.rows.nextBad(from, step)
    if (place === null) {
      this.state.say(`No ${step > 0 ? 'newer' : 'earlier'} bad call.`)
      return
    }
    part('grid').focus({ preventScroll: true })
    this.grid.activate(place)
    if (this.pane.isOpen) this.enter()
  }

  /** Show the calls that wait, and go on with what comes. */
  showNewest () {
    if (this.state.isPaused) this.state.pause('')
    this.grid.activate(null)
    part('grid').scrollTop = 0
    if (this.arrivals.waiting.length) this.arrivals.show()
  }

  pause () {
    this.state.pause(this.state.isPaused ? '' : timeOfDay(Date.now()))
    this.arrivals.flush()
  }

  /** Hide the calls that came so far, which the server keeps; or show them again. */
  hide () {
    const since = parameter('since') === null ? this.arrivals.cursor : null
    location.assign(addressWith({ ...OTHER_CALLS, since, at: null }))
  }

  /** @param {'user' | 'event'} key @param {boolean} isNegated */
  follow (key, isNegated) {
    const call = this.selection.activeCall
    if (!call) return
    const [, name, value] = key === 'event'
      ? ['', call[3] === 'track' ? 'event' : 'name', call[4]]
      : /^(anon )?(.*)$/s.exec(call[6])?.map((text, at) => at === 1 ? (text ? 'anon' : 'user') : text) ?? []
    if (!value || value.length > LONGEST_KEY) this.state.say(`This call has no ${key} to look for.`)
    else location.assign(narrowed(termText(name, value, isNegated)))
  }

  scope () {
    const call = this.selection.activeCall
    if (call && call[2].length <= LONGEST_KEY) location.assign(addressWith({ ...OTHER_CALLS, source: call[2] }))
  }

  /** Show what differs between the two selected calls. */
  compare () {
    const [one, other] = this.selection.ids
    if (this.selection.chosen.size !== 2) this.state.say('Select two calls with v, then compare them with d.')
    else this.pane.open(other, one)
  }

  /** Go to the field of the query; what is in it is replaced by what is typed. */
  find () {
    part('query').focus()
    part('query').select()
  }

  /** @returns {Record<string, string>} what finds all calls of the view */
  query () {
    const q = this.wholeQuery
    return this.source === null ? { q } : { q, source: this.source }
  }

  /** The address of what is shown; paused, it stays so for whom it is given to. */
  address () {
    const newest = this.rows.at(this.rows.top)
    return addressWith({ at: this.state.isPaused && isCall(newest) ? newest[0] : null }).href
  }
}

if (part('live')) new CallsView()
