// @ts-check
// The live view of calls: new ones come on top, and nothing moves while a row is read.

import { addressWith, narrowed, parameter } from './address.js'
import { callId, fillRow, headRow, LONGEST_KEY } from './cells.js'
import { Copy } from './copy.js'
import { Counts } from './counts.js'
import { Feed } from './feed.js'
import { Grid } from './grid.js'
import { Keys } from './keys.js'
import { Pane } from './pane.js'
import { gapNote, isCall, MAX_ROWS, Rows, skippedNote, waitingNote } from './rows.js'
import { State } from './state.js'
import { Suggestions } from './suggest.js'
import { termText, timeOfDay } from './text.js'

// What an open call leaves no room for.
const LEFT_OUT_BESIDE = new Set(['source', 'peek', 'finding', 'to'])
const FRESH_MS = 2000
// Of more rows that wait while a reader reads, the oldest are loaded when they are wanted.
const MOST_WAITING = 5000

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id)

class CallsView {
  constructor () {
    const { after, paused } = part('live').dataset
    this.source = parameter('source')
    this.columns = readColumns()
    /** @type {string[]} of the columns in sight; another list where these changed */
    this.columnNames = []
    const asked = new URLSearchParams()
    for (const name of ['source', 'q']) {
      const value = parameter(name)
      if (value !== null) asked.set(name, value)
    }
    this.fields = this.columns.map(({ name }) => name).filter((name) => name.includes('.'))
    asked.set('fields', this.fields.join(','))
    this.state = new State()
    /** @type {Set<number>} the cursors of the chosen calls */
    this.chosen = new Set()
    /** @type {number | null} where choosing with Shift began */
    this.anchor = null
    this.freshAbove = Infinity
    this.freshTimer = 0
    /** @type {(import('./rows.js').CallRow | import('./rows.js').Note)[]} the newest first */
    this.waiting = []
    // The cursor of the last call that was shown.
    this.cursor = this.shownCursor = parseInt(after, 10)
    this.rows = new Rows(asked, this.cursor, Number(parameter('since') ?? 0))
    this.grid = new Grid(part('grid'), this.rows, (element, place) => this.fill(element, place))
    this.copy = new Copy(() => this.meant(), () => this.query(), () => this.address(), (text) => this.state.say(text))
    this.keys = new Keys(this.actions())
    this.pane = new Pane({ onChange: () => this.showColumns(), onKey: (event) => this.keys.press(event) })
    this.suggestions = new Suggestions(this.source)
    this.counts = new Counts(asked, narrowed)
    if (paused) this.state.pause(timeOfDay(Date.now()))
    this.bind()
    this.showColumns()
    this.feed = new Feed(asked, after, this)
    part('live').hidden = false
    // The table stays until the rows are there.
    Promise.resolve(this.rows.loading).then(() => this.begin())
  }

  /** Show the grid instead of the table, when there is something to show. */
  begin () {
    if (!part('calls-table') || !this.rows.count) return
    part('calls-table').remove()
    for (const old of document.querySelectorAll('.without-grid')) old.remove()
    part('grid').hidden = false
    document.documentElement.dataset.live = ''
    this.grid.measure()
  }

  actions () {
    const { grid, rows } = { grid: part('grid'), rows: () => this.grid }
    /** @param {number} steps */
    const move = (steps) => (/** @type {KeyboardEvent} */ event) => {
      grid.focus({ preventScroll: true })
      this.move(steps, event.shiftKey)
    }
    /** @param {string} path */
    const view = (path) => () => {
      const link = document.querySelector(`nav[aria-label=Views] a[href^="/_mockseg/${path}"]`)
      if (link instanceof HTMLElement) link.click()
    }
    /** @type {Record<string, (event: KeyboardEvent) => void>} */
    const actions = {
      j: move(1), k: move(-1), ArrowDown: move(1), ArrowUp: move(-1),
      PageDown: (event) => move(rows().page)(event), PageUp: (event) => move(-rows().page)(event),
      Home: (event) => move(-MAX_ROWS)(event), End: (event) => move(MAX_ROWS)(event),
      Enter: () => this.enter(), ArrowRight: () => this.enter(), ArrowLeft: () => this.leave(),
      Escape: () => this.leave(),
      b: () => this.nextBad(-1), B: () => this.nextBad(1),
      g: () => this.showNewest(), p: () => this.pause(), x: () => this.hide(),
      u: () => this.follow('user', false), U: () => this.follow('user', true),
      e: () => this.follow('event', false), E: () => this.follow('event', true),
      s: () => this.scope(),
      v: () => this.choose(), d: () => this.compare(),
      c: () => this.copy.open(), y: () => this.copy.take('address', ''),
      '[': () => this.pane.step('prev'), ']': () => this.pane.step('next'),
      '/': () => part('query').select(), '?': () => part('keys').showModal(),
      C: view(''), S: view('sources'), P: view('plans'), D: view('destinations'),
      F: view('faults'), T: view('truth'), R: view('requests')
    }
    for (let number = 1; number <= 6; number += 1) actions[number] = () => this.pane.show(number)
    return actions
  }

  bind () {
    const press = (/** @type {string} */ key) => () => this.keys.actions.get(key)?.(new KeyboardEvent('keydown'))
    for (const [id, key] of Object.entries({
      pause: 'p', hide: 'x', help: '?', news: 'g', resume: 'p', compare: 'd', 'copy-open': 'c'
    })) part(id).addEventListener('click', press(key))
    part('columns-open').addEventListener('click', () => this.offerColumns())
    part('columns-form').addEventListener('submit', (/** @type {Event} */ event) => this.setColumns(event))
    part('send-one')?.addEventListener('click', () => this.sendOne())
    part('retry').addEventListener('click', () => this.feed.open())
    part('grid').addEventListener('click', (/** @type {MouseEvent} */ event) => this.click(event))
    part('grid').addEventListener('scroll', () => this.flush())
  }

  /** @param {HTMLElement} element @param {number} place */
  fill (element, place) {
    const entry = this.rows.at(place)
    const isGone = this.rows.isGone(place)
    fillRow(element, entry, {
      columns: this.columnNames,
      fields: this.fields,
      isGone,
      isChosen: isCall(entry) && !isGone && this.chosen.has(entry[0]),
      isOpen: isCall(entry) && !isGone && this.pane?.call === callId(entry),
      isFresh: place > this.freshAbove
    })
  }

  get shownColumns () {
    return this.pane?.isOpen ? this.columns.filter(({ name }) => !LEFT_OUT_BESIDE.has(name)) : this.columns
  }

  showColumns () {
    const columns = this.shownColumns
    this.columnNames = columns.map(({ name }) => name)
    this.grid.head.replaceChildren(headRow(columns))
    part('grid').style.setProperty('--columns', columns.map(({ width }) => width).join(' '))
    this.grid.refresh()
  }

  // --- what comes

  /** @param {any} news */
  onRows ({ rows, skipped, counts, deliveries, changed }) {
    const entries = skipped ? [...rows, skippedNote(skipped)] : rows
    if (changed.includes('cleared')) entries.push({ note: `Calls were cleared at ${timeOfDay(Date.now())}.` })
    const bad = rows.filter((/** @type {any} */ row) => !row[8]).length + (skipped?.bad ?? 0)
    this.state.count(counts)
    this.counts.wake()
    if (rows.length) this.cursor = rows[0][0]
    if (deliveries.length) this.rows.deliver(new Map(deliveries))
    this.add(entries, rows.length + (skipped?.count ?? 0), bad)
    if (deliveries.length) this.grid.refresh()
  }

  /** @param {any} gap */
  onGap (gap) {
    if (gap.reason === 'restarted') {
      this.rows.add(this.waiting)
      this.waiting = []
      this.rows.restart()
      this.cursor = 0
      this.chosen.clear()
      this.grid.refresh()
    }
    this.add([gapNote(gap)], 0, 0)
  }

  /** @param {number} pollSeconds between two looks; 0 where calls come as they arrive */
  onOpen (pollSeconds) {
    this.state.open(pollSeconds)
    // Rows that could not be loaded are asked for again.
    this.grid.draw()
  }

  /** @param {number} seconds until the next attempt */
  onLost (seconds) { this.state.lose(seconds) }

  /**
   * @param {(import('./rows.js').CallRow | import('./rows.js').Note)[]} entries the newest first
   * @param {number} calls @param {number} bad
   */
  add (entries, calls, bad) {
    this.waiting = this.waiting.length ? [...entries, ...this.waiting] : entries
    if (this.waiting.length > 2 * MOST_WAITING) {
      this.waiting.length = MOST_WAITING
      const oldest = this.waiting.findLast(isCall)
      if (oldest) this.waiting.push(waitingNote(this.shownCursor, oldest[0]))
    }
    this.state.arrive(calls, bad)
    this.flush()
  }

  /** Show what waits, where it moves nothing that is read. */
  flush () {
    if (this.waiting.length && !this.state.isPaused && this.grid.isAtTop) this.show()
  }

  show () {
    this.freshAbove = Math.min(this.freshAbove, this.rows.top)
    this.freshTimer ||= setTimeout(() => {
      this.freshTimer = 0
      this.freshAbove = Infinity
      this.grid.refresh()
    }, FRESH_MS)
    this.rows.add(this.waiting)
    this.waiting = []
    this.shownCursor = this.cursor
    this.state.clearNews()
    part('calls-empty')?.remove()
    this.begin()
    this.grid.refresh()
  }

  /** Send a call, for who wants to see one. */
  async sendOne () {
    const call = { writeKey: this.source || 'demo', userId: 'u1', event: 'Hello', properties: { from: 'the page' } }
    const answer = await fetch('/v1/track', { method: 'POST', body: JSON.stringify(call) })
    this.state.say(answer.ok ? 'Sent.' : `Refused with status ${answer.status}.`)
  }

  // --- what a reader does

  /** @param {number} steps @param {boolean} isChoosing */
  move (steps, isChoosing) {
    const from = this.grid.active
    this.grid.move(steps)
    const to = /** @type {number} */ (this.grid.active)
    if (!isChoosing) {
      this.anchor = null
    } else if (from !== null) {
      this.anchor ??= from
      this.chosen.clear()
      for (let place = Math.min(this.anchor, to); place <= Math.max(this.anchor, to); place += 1) {
        const entry = this.rows.at(place)
        if (isCall(entry) && !this.rows.isGone(place)) this.chosen.add(entry[0])
      }
    }
    this.showChosen()
  }

  /** The call of the active row, if it can be asked for. */
  get activeCall () {
    const { active } = this.grid
    if (active === null || this.rows.isGone(active)) return null
    const entry = this.rows.at(active)
    return isCall(entry) ? entry : null
  }

  /** Open the active call; the second time go into it. */
  enter () {
    const call = this.activeCall
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
    const wasOpen = this.pane.close()
    if (!wasOpen && this.chosen.size) this.chosen.clear()
    else if (!wasOpen) this.grid.activate(null)
    this.showChosen()
    part('grid').focus({ preventScroll: true })
    this.flush()
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
    if (event.shiftKey) this.choose()
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
    if (this.waiting.length) this.show()
  }

  pause () {
    this.state.pause(this.state.isPaused ? '' : timeOfDay(Date.now()))
    this.flush()
  }

  /** Hide the calls that came so far, which the server keeps; or show them again. */
  hide () {
    const since = parameter('since') === null ? this.cursor : null
    location.assign(addressWith({ since, call: null, compare: null, before: null, at: null }))
  }

  /** @param {'user' | 'event'} key @param {boolean} isNegated */
  follow (key, isNegated) {
    const call = this.activeCall
    if (!call) return
    const [, name, value] = key === 'event'
      ? ['', call[3] === 'track' ? 'event' : 'name', call[4]]
      : /^(anon )?(.*)$/s.exec(call[6])?.map((text, at) => at === 1 ? (text ? 'anon' : 'user') : text) ?? []
    if (!value || value.length > LONGEST_KEY) this.state.say(`This call has no ${key} to look for.`)
    else location.assign(narrowed(termText(name, value, isNegated)))
  }

  scope () {
    const call = this.activeCall
    if (call && call[2].length <= LONGEST_KEY) location.assign(addressWith({ source: call[2], call: null, before: null }))
  }

  choose () {
    const call = this.activeCall
    if (call && !this.chosen.delete(call[0])) this.chosen.add(call[0])
    this.showChosen()
  }

  showChosen () {
    part('compare').disabled = this.chosen.size !== 2
    part('chosen').textContent = this.chosen.size ? `${this.chosen.size} selected` : ''
    this.grid.refresh()
  }

  /** Show what differs between the two chosen calls. */
  compare () {
    const [one, other] = [...this.chosen].sort((a, b) => a - b)
    if (this.chosen.size !== 2) this.state.say('Select two calls with v, then compare them with d.')
    else this.pane.open(`call-${other}`, `call-${one}`)
  }

  /** The ids of the calls that a copy is about: the chosen ones, else the active or the open one. */
  meant () {
    if (this.chosen.size) return [...this.chosen].sort((a, b) => a - b).map((cursor) => `call-${cursor}`)
    const active = this.activeCall
    const id = active ? callId(active) : this.pane.call
    return id ? [id] : []
  }

  /** @returns {Record<string, string>} what finds all calls of the view */
  query () {
    const q = parameter('q') ?? ''
    return this.source === null ? { q } : { q, source: this.source }
  }

  /** The address of what is shown; paused, it stays so for whom it is given to. */
  address () {
    const newest = this.rows.at(this.rows.top)
    return addressWith({ at: this.state.isPaused && isCall(newest) ? newest[0] : null }).href
  }

  /** Offer the columns, and the fields that the calls have. */
  async offerColumns () {
    part('columns').showModal()
    const fields = await this.suggestions.count('field', parameter('q') ?? '')
    part('fields').replaceChildren(...fields.map(({ text }) => new Option('', text.slice(0, -2))))
  }

  /** @param {Event} event */
  setColumns (event) {
    if (/** @type {SubmitEvent} */ (event).submitter?.getAttribute('value') !== 'apply') return
    const names = [...part('columns-form').querySelectorAll('input:checked')].map(({ value }) => value)
    const field = part('column-field').value.trim()
    location.assign(addressWith({ cols: [...names, ...(field ? [field] : [])].join(',') || null, before: null }))
  }
}

/** Read the columns from the table that the server wrote. */
function readColumns () {
  const widths = {
    time: '7.5rem', source: 'minmax(4rem, 1fr)', type: '4.5rem', label: 'minmax(6rem, 1.6fr)',
    peek: 'minmax(5rem, 2.4fr)', user: 'minmax(4rem, 1fr)', verdict: '6.5rem',
    finding: 'minmax(6rem, 2.4fr)', to: '4.5rem'
  }
  return [...document.querySelectorAll('#calls-table th')].map((head) => {
    const name = /** @type {HTMLElement} */ (head).dataset.column ?? ''
    const title = (head.textContent ?? '').replace(', UTC', '')
    return { name, title, width: new Map(Object.entries(widths)).get(name) ?? 'minmax(5rem, 1fr)' }
  })
}

if (part('live')) new CallsView()
