// @ts-check
// Queries that the reader has saved by name: the browser keeps six for each server.

import { addressWith, element, OTHER_CALLS, parameter, part } from './document.js'
import { printable } from './text.js'

const NAME = 'mockseg filters'
export const MOST_SAVED = 6
const LONGEST_NAME = 40

/** @typedef {{ name: string, q: string }} Saved */

/** @param {string | null} text as the browser kept it @returns {Saved[]} what of it can be used */
export function readSaved (text) {
  try {
    const kept = JSON.parse(text ?? '[]')
    if (!Array.isArray(kept)) return []
    return kept.filter((each) => typeof each?.name === 'string' && typeof each.q === 'string').slice(0, MOST_SAVED)
  } catch {
    return []
  }
}

/**
 * @param {Saved[]} saved @param {string} name @param {string} q
 * @returns {Saved[] | string} with the query, in the place of one of the same name; or why not
 */
export function withSaved (saved, name, q) {
  const short = name.trim().slice(0, LONGEST_NAME)
  if (!short) return 'Name it.'
  if (!q.trim()) return 'No query to save: find calls first.'
  if (saved.some((each) => each.name === short)) {
    return saved.map((each) => each.name === short ? { name: short, q } : each)
  }
  if (saved.length >= MOST_SAVED) return `At most ${MOST_SAVED} are kept: remove one.`
  return [...saved, { name: short, q }]
}

class SavedFilters {
  constructor () {
    /** @type {HTMLDialogElement} */
    this.dialog = part('saved')
    /** @type {Saved[]} */
    this.saved = []
    part('saved-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => this.save(event))
    part('saved-close').addEventListener('click', () => this.dialog.close())
    addEventListener('storage', () => this.read())
  }

  open () {
    this.read()
    part('saved-query').textContent = printable(parameter('q') ?? '') || 'all calls'
    part('saved-said').textContent = ''
    this.dialog.showModal()
  }

  read () {
    this.saved = readSaved(localStorage.getItem(NAME))
    this.show()
  }

  /** @param {SubmitEvent} event */
  save (event) {
    event.preventDefault()
    const saved = withSaved(this.saved, part('saved-name').value, parameter('q') ?? '')
    if (typeof saved === 'string') part('saved-said').textContent = saved
    else this.keep(saved, `Saved ${part('saved-name').value.trim()}.`)
  }

  /** @param {Saved[]} saved @param {string} said */
  keep (saved, said) {
    localStorage.setItem(NAME, JSON.stringify(saved))
    this.read()
    part('saved-name').value = ''
    part('saved-said').textContent = said
  }

  show () {
    part('saved-list').replaceChildren(...this.saved.map((each) => {
      const link = element('a', printable(each.name))
      link.setAttribute('href', addressWith({ ...OTHER_CALLS, q: each.q }).href)
      const remove = element('button', 'Remove')
      remove.setAttribute('type', 'button')
      remove.setAttribute('aria-label', `Remove ${printable(each.name)}`)
      remove.addEventListener('click', () => {
        this.keep(this.saved.filter((other) => other !== each), `Removed ${each.name}.`)
        part('saved-name').focus()
      })
      return element('li', link, ' ', element('code', printable(each.q)), ' ', remove)
    }))
  }
}

/** @type {SavedFilters | null} */
let dialog = null

/** Show the dialog of saved queries. */
export function showSaved () {
  dialog ??= new SavedFilters()
  dialog.open()
}
