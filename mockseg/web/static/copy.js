// @ts-check
// Copies calls as text, which the server writes: `c` opens the choice, a letter makes it.

import { part } from './dom.js'

export class Copy {
  /**
   * @param {() => string[]} chosen the ids of the calls that are meant
   * @param {() => Record<string, string>} query what finds all calls of the view
   * @param {() => string} address of the view
   * @param {(text: string) => void} say
   */
  constructor (chosen, query, address, say) {
    this.chosen = chosen
    this.address = address
    this.query = query
    this.say = say
    this.dialog = part('copy')
    this.dialog.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.target instanceof HTMLTextAreaElement) return
      this.dialog.querySelector(`button[aria-keyshortcuts=${CSS.escape(event.key)}]`)?.click()
    })
    for (const button of this.dialog.querySelectorAll('button[value]')) {
      button.addEventListener('click', () => this.take(button.value, button.textContent))
    }
  }

  open () {
    const count = this.chosen().length
    part('copy-what').textContent = count > 1 ? `${count} calls` : count ? 'the call' : 'all calls that match'
    part('copy-all').checked = count === 0
    part('copy-all').disabled = count === 0
    part('copy-text').hidden = true
    this.dialog.showModal()
  }

  /** @param {string} form @param {string} title */
  async take (form, title) {
    if (form === 'address') return this.write(this.address(), 'the address')
    const url = location.origin
    const which = part('copy-all').checked ? this.query() : { ids: this.chosen() }
    try {
      const answer = await fetch('/_mockseg/v1/calls/copy', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ form, url, ...which })
      })
      const copied = await answer.json()
      if (!answer.ok) throw new Error(copied.error.message)
      const rest = copied.omitted ? `; ${copied.omitted} more are left out` : ''
      await this.write(copied.text, `${copied.calls} call${copied.calls === 1 ? '' : 's'}: ${title.trim()}${rest}`)
    } catch (error) {
      this.dialog.close()
      this.say(`Nothing was copied: ${error instanceof Error ? error.message : error}`)
    }
  }

  /** @param {string} text @param {string} what */
  async write (text, what) {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      // Outside of a secure context, or refused: then a person copies the text.
      const field = part('copy-text')
      field.hidden = false
      field.value = text
      field.select()
      return
    }
    this.dialog.close()
    this.say(`Copied ${what}.`)
  }
}
