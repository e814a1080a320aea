// @ts-check
// The field of the query: what may stand at the caret, keys and values with how many calls have
// them; and what is wrong with a query that is to be looked for.

import { part } from './document.js'

// Keys whose values the server counts, by the name of what is counted.
const COUNTED = new Set(['type', 'event', 'user', 'source', 'code'])
const ROOTS = /^(properties|traits|context|integrations)\./
const MOST = 20

/** @typedef {{ text: string, means: string }} Suggestion */

export class Suggestions {
  /** @param {string | null} source that the counts are about */
  constructor (source) {
    this.source = source
    /** @type {HTMLInputElement} */
    this.field = part('query')
    this.list = part('suggestions')
    this.keys = [...part('query-keys').options].map((option) => ({
      text: option.value, means: option.label, values: option.dataset.values.split(' ').filter(Boolean)
    }))
    /** @type {Map<string, Promise<Suggestion[]>>} */
    this.known = new Map()
    /** @type {Suggestion[]} */
    this.offered = []
    this.active = -1
    for (const [name, value] of Object.entries({
      role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'suggestions', 'aria-autocomplete': 'list'
    })) this.field.setAttribute(name, value)
    this.field.addEventListener('input', () => {
      this.tell('')
      this.offer()
    })
    this.field.form?.addEventListener('submit', (event) => this.submit(event))
    this.field.addEventListener('focus', () => this.offer())
    this.field.addEventListener('blur', () => this.close())
    this.field.addEventListener('keydown', (event) => this.press(event))
    this.chips = document.querySelector('.chips')
    this.chips?.addEventListener('click', (event) => {
      const edited = event.target instanceof Element && event.target.closest('.edit')
      if (edited) this.edit(/** @type {MouseEvent} */ (event), /** @type {HTMLElement} */ (edited.closest('li')))
    })
    this.chips?.addEventListener('keydown', (event) => this.remove(/** @type {KeyboardEvent} */ (event)))
    // The field keeps the focus.
    this.list.addEventListener('mousedown', (/** @type {MouseEvent} */ event) => {
      event.preventDefault()
      const option = event.target instanceof Element && event.target.closest('[role=option]')
      if (option) this.take([...this.list.children].indexOf(option))
    })
  }

  /** Select the term of a chip in the field. @param {MouseEvent} event @param {HTMLElement} chip */
  edit (event, chip) {
    event.preventDefault()
    const { field } = this
    // The places are those of the query that was asked, in characters.
    field.value = field.defaultValue
    const [start, end] = [chip.dataset.start, chip.dataset.end].map(
      (place) => [...field.value].slice(0, Number(place)).join('').length)
    field.focus()
    field.setSelectionRange(start, end)
  }

  /** Remove the chip that has the focus. @param {KeyboardEvent} event */
  remove (event) {
    if (event.key !== 'Backspace' && event.key !== 'Delete') return
    const chip = event.target instanceof Element && event.target.closest('li')
    const link = chip && chip.querySelector('.remove')
    if (!(link instanceof HTMLElement)) return
    event.preventDefault()
    link.click()
  }

  /** Look for a query that can be read; another one leaves the view as it is. @param {SubmitEvent} event */
  async submit (event) {
    event.preventDefault()
    this.close()
    const { field } = this
    const q = field.value
    const wrong = q.trim() ? await mistake(q) : null
    // Something was typed meanwhile.
    if (field.value !== q) return
    if (!wrong) return field.form?.submit()
    this.tell(wrong.reason)
    field.focus()
    field.setSelectionRange(...wordAt(q, wrong.position))
  }

  /** Say below the field what is wrong. @param {string} text empty if nothing is */
  tell (text) {
    const wrong = part('wrong')
    wrong.textContent = text
    wrong.hidden = !text
    this.field.setAttribute('aria-invalid', String(Boolean(text)))
  }

  async offer () {
    const text = this.field.value
    const caret = this.field.selectionStart ?? text.length
    const start = startOfTerm(text, caret)
    const found = await this.find(text, start, caret)
    // Something was typed meanwhile.
    if (this.field.value !== text || document.activeElement !== this.field) return
    this.offered = found.filter(({ text: each }) => each !== text.slice(start, caret)).slice(0, MOST)
    this.active = -1
    this.show()
  }

  /** @param {string} text @param {number} start @param {number} caret @returns {Promise<Suggestion[]>} */
  async find (text, start, caret) {
    const typed = text.slice(start, caret)
    const sign = /^[-!](?=.)/.test(typed) ? typed[0] : ''
    const word = typed.slice(sign.length)
    const colon = word.indexOf(':')
    const rest = `${text.slice(0, start)} ${text.slice(caret)}`.trim()
    const key = colon < 0 ? '' : word.slice(0, colon)
    const begun = word.slice(colon + 1).replace(/^"/, '').toLowerCase()
    let offers
    if (COUNTED.has(key)) offers = await this.count(key, rest)
    else if (key) offers = this.valuesOf(key)
    else if (ROOTS.test(word)) offers = (await this.count('field', rest)).map(asKey)
    else offers = this.keys.map((each) => ({ ...each, text: each.text.endsWith('.') ? each.text : `${each.text}:` }))
    return offers
      .filter((offer) => valueOf(offer.text, key).toLowerCase().includes(begun))
      .map((offer) => ({ ...offer, text: sign + offer.text }))
  }

  /** @param {string} key @returns {Suggestion[]} */
  valuesOf (key) {
    const known = this.keys.find((each) => each.text === key)
    return (known?.values ?? []).map((value) => ({ text: `${key}:${value}`, means: '' }))
  }

  /** @param {string} facet @param {string} q @returns {Promise<Suggestion[]>} */
  count (facet, q) {
    const asked = new URLSearchParams({ facets: facet, q })
    if (this.source !== null) asked.set('source', this.source)
    const address = `/_mockseg/v1/calls/counts?${asked}`
    const known = this.known.get(address) ?? ask(address, facet)
    this.known.set(address, known)
    return known
  }

  show () {
    this.list.replaceChildren(...this.offered.map(({ text, means }, index) => {
      const option = document.createElement('li')
      option.id = `suggestion-${index}`
      option.setAttribute('role', 'option')
      option.setAttribute('aria-selected', String(index === this.active))
      const explained = document.createElement('small')
      explained.textContent = means
      option.append(text, ' ', explained)
      return option
    }))
    this.list.hidden = !this.offered.length
    this.field.setAttribute('aria-expanded', String(!this.list.hidden))
    if (this.active < 0) this.field.removeAttribute('aria-activedescendant')
    else this.field.setAttribute('aria-activedescendant', `suggestion-${this.active}`)
    this.list.children[this.active]?.scrollIntoView({ block: 'nearest' })
  }

  close () {
    this.offered = []
    this.active = -1
    this.show()
  }

  /** @param {KeyboardEvent} event */
  press (event) {
    const count = this.offered.length
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && count) this.active = (this.active + step + count + Number(this.active < 0 && step < 0)) % count
    else if (event.key === 'Enter' && this.active >= 0) return this.take(this.active, event)
    else if (event.key === 'Escape' && count) this.offered = []
    else return
    // Escape leaves the field only when nothing is offered.
    event.preventDefault()
    event.stopPropagation()
    this.show()
  }

  /** @param {number} index @param {Event} [event] */
  take (index, event) {
    event?.preventDefault()
    const { field } = this
    const caret = field.selectionStart ?? field.value.length
    const start = startOfTerm(field.value, caret)
    const { text } = this.offered[index]
    const whole = /[:.]$/.test(text) ? text : `${text} `
    field.setRangeText(whole, start, caret, 'end')
    this.close()
    this.offer()
  }
}

/** @param {string} address @param {string} facet @returns {Promise<Suggestion[]>} */
async function ask (address, facet) {
  try {
    const answer = await fetch(address)
    // A query that cannot be read yet has no values.
    if (!answer.ok) return []
    const { facets } = await answer.json()
    return facets[facet].map((/** @type {any} */ { term, count }) => ({
      text: term, means: `${count.toLocaleString('en')} call${count === 1 ? '' : 's'}`
    }))
  } catch {
    return []
  }
}

/**
 * Ask what is wrong with a query; no call is looked at.
 * @param {string} q @returns {Promise<{ reason: string, position: number } | null>} null if nothing is
 */
async function mistake (q) {
  try {
    const answer = await fetch(`/_mockseg/v1/calls/rows?${new URLSearchParams({ q, before: '0', limit: '1' })}`)
    if (answer.status !== 422) return null
    const { details } = (await answer.json()).error
    return details.parameter === 'q' ? details : null
  } catch {
    // Nothing answers: the browser says so when it goes there.
    return null
  }
}

/**
 * @param {string} text of a query @param {number} position in characters
 * @returns {[number, number]} where the word begins and ends that is there, for a selection
 */
export function wordAt (text, position) {
  const start = [...text].slice(0, position).join('').length
  const length = text.slice(start).search(/\s|$/)
  return [start, start + length]
}

/** @param {Suggestion} field whose text ends in `:*` */
const asKey = ({ text, means }) => ({ text: text.slice(0, -1), means })

/** @param {string} text of a suggestion @param {string} key */
const valueOf = (text, key) => key ? text.slice(key.length + 1).replace(/^"/, '') : text

/**
 * @param {string} text of a query @param {number} caret
 * @returns {number} where the term begins in which the caret is
 */
export function startOfTerm (text, caret) {
  let start = 0
  let isQuoted = false
  for (let at = 0; at < caret; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') isQuoted = !isQuoted
    else if (/\s/.test(text[at]) && !isQuoted) start = at + 1
  }
  return start
}
