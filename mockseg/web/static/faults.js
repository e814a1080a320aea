// @ts-check
// What a fault would hit, said while its form is filled in.

import { part } from './document.js'
import { printable } from './text.js'

const QUIET_MILLISECONDS = 300
const NUMBERS = new Set(['status', 'retryAfter', 'delay', 'times'])

class Preview {
  constructor () {
    /** @type {HTMLFormElement} */
    this.form = part('fault')
    this.timer = 0
    // Answers may come in another order than they were asked for.
    this.asked = 0
    this.form.addEventListener('input', () => {
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.ask(), QUIET_MILLISECONDS)
    })
  }

  /** @returns {object} the body of POST /faults/dry */
  fault () {
    /** @type {Map<string, string | number>} */
    const given = new Map()
    for (const [name, text] of new FormData(this.form)) {
      const value = String(text).trim()
      const number = NUMBERS.has(name) && value !== '' ? Number(value) : NaN
      if (value) given.set(name, Number.isNaN(number) ? value : number)
    }
    const pick = (/** @type {string[]} */ ...names) =>
      Object.fromEntries(names.filter((name) => given.has(name)).map((name) => [name, given.get(name)]))
    const source = new URLSearchParams(location.search).get('source')
    const effect = pick('status', 'retryAfter', 'delay')
    return {
      source,
      match: pick('type', 'event'),
      ...(Object.keys(effect).length ? { effect } : {}),
      ...pick('times')
    }
  }

  async ask () {
    const asked = ++this.asked
    const answer = await fetch('/_mockseg/v1/faults/dry', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(this.fault())
    }).catch(() => null)
    const said = answer && await answer.json()
    if (!said || asked !== this.asked) return
    part('preview').textContent = printable(answer.ok ? sentence(said) : said.error.message)
  }
}

/** @param {any} preview */
function sentence (preview) {
  const more = preview.fired > preview.requests.length ? ', …' : ''
  const ids = preview.fired ? `: ${preview.requests.join(', ')}${more}` : ''
  return `${preview.sentence}. It would have hit ${preview.fired} of the newest ` +
    `${preview.lookedAt} recorded requests${ids}`
}

new Preview()
