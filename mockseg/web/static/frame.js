// @ts-check
// The frame of every view: how times are shown, the list of sources to choose from, and whether keys
// of one letter act.

import { element } from './document.js'
import { printable, TIMES, timeText } from './text.js'

const NAME = 'mockseg times'
const KEYS = 'mockseg keys'
// What is written as "5 s ago" grows old.
const AGO_MS = 5000
const QUIET_MS = 150
const OFFERED = 50

/** @returns {string} how the reader wants times: local, UTC or ago */
export const timesShown = () => {
  const kept = localStorage.getItem(NAME) ?? ''
  return TIMES.includes(kept) ? kept : TIMES[0]
}

/** @param {Document | Element} view in which the times that the server wrote are shown as the reader wants them */
export function showTimes (view) {
  const how = timesShown()
  for (const time of view.querySelectorAll('time[datetime]')) {
    const shown = /** @type {HTMLTimeElement} */ (time)
    const ms = Date.parse(shown.dateTime)
    // The rows of the grid write their own.
    if (Number.isNaN(ms) || shown.closest('[role=grid]')) continue
    // The server wrote it in UTC, with its date or without.
    shown.dataset.utc ??= shown.textContent ?? ''
    shown.title ||= shown.dateTime
    const text = timeText(ms, how, Date.now(), shown.dataset.utc)
    if (shown.textContent !== text) shown.textContent = text
  }
  for (const said of view.querySelectorAll('.utc')) said.toggleAttribute('hidden', how !== 'UTC')
}

/** Whether keys of one letter act. */
export const keysAreOn = () => localStorage.getItem(KEYS) !== 'off'

class Times {
  /** @param {HTMLElement} button */
  constructor (button) {
    this.button = button
    button.hidden = false
    button.addEventListener('click', () => {
      const next = TIMES[(TIMES.indexOf(timesShown()) + 1) % TIMES.length]
      localStorage.setItem(NAME, next)
      this.show()
    })
    addEventListener('storage', () => this.show())
    setInterval(() => {
      if (timesShown() === 'ago' && document.visibilityState === 'visible') this.show()
    }, AGO_MS)
    this.show()
  }

  show () {
    this.button.textContent = `◷ ${timesShown()}`
    this.button.setAttribute('aria-label', `Times: ${timesShown()}`)
    showTimes(document)
    document.dispatchEvent(new Event('times'))
  }
}

/** Finds sources by a part of their name or write key, while it is typed. */
class Picker {
  /** @param {HTMLDetailsElement} picker */
  constructor (picker) {
    this.picker = picker
    this.list = /** @type {HTMLElement} */ (picker.querySelector('ul'))
    this.field = /** @type {HTMLInputElement} */ (picker.querySelector('input'))
    this.path = picker.querySelector('form')?.getAttribute('action') ?? ''
    this.timer = 0
    picker.addEventListener('toggle', () => { if (picker.open) this.field.focus() })
    picker.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      picker.open = false
      picker.querySelector('summary')?.focus()
    })
    document.addEventListener('click', (event) => {
      if (event.target instanceof Node && !picker.contains(event.target)) picker.open = false
    })
    this.field.addEventListener('input', () => {
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.search(this.field.value.trim()), QUIET_MS)
    })
  }

  /** @param {string} search */
  async search (search) {
    const asked = new URLSearchParams({ search, sort: 'recent', counts: 'true', limit: String(OFFERED) })
    const answer = await fetch(`/_mockseg/v1/sources?${asked}`).catch(() => null)
    if (!answer?.ok || this.field.value.trim() !== search) return
    const { sources } = await answer.json()
    const all = /** @type {Element} */ (this.list.firstElementChild)
    this.list.replaceChildren(all, ...sources.map((/** @type {any} */ source) => this.offer(source)))
  }

  /** @param {any} source as `GET /sources` has it */
  offer ({ writeKey, name, counts }) {
    const link = element('a', printable(name || writeKey) || '(no key)')
    link.setAttribute('href', `${this.path}?${new URLSearchParams({ source: writeKey })}`)
    const bad = counts.bad ? `, ${counts.bad} bad` : ''
    const key = name ? [' ', element('code', printable(writeKey))] : []
    return element('li', link, ...key, ' ', element('small', `${counts.good} good${bad}`))
  }
}

// Modules that use this one are tested without a document.
if (typeof document !== 'undefined') {
  const box = document.getElementById('keys-on')
  if (box instanceof HTMLInputElement) {
    box.disabled = false
    box.checked = keysAreOn()
    box.addEventListener('change', () => localStorage.setItem(KEYS, box.checked ? 'on' : 'off'))
  }
  // On a phone the bar scrolls: the view that is shown is in sight there.
  const bar = document.querySelector('header nav')
  const here = bar?.querySelector('[aria-current]')
  if (bar && here instanceof HTMLElement) {
    bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2
  }
  const button = document.getElementById('times')
  if (button) new Times(button)
  const picker = document.getElementById('scope')
  if (picker instanceof HTMLDetailsElement) new Picker(picker)
}
