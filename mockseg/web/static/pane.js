// @ts-check
// A call beside the list: its own document, in a frame, so that there is one form of it.

// Below this width a call is opened by itself.
const LEAST_WIDTH = '(min-width: 64rem)'

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id)

export class Pane {
  /** @param {HTMLTableSectionElement} body the rows, each with a link to its call */
  constructor (body) {
    this.body = body
    this.pane = part('pane')
    /** @type {HTMLIFrameElement} */
    this.frame = part('pane-frame')
    body.addEventListener('click', (event) => this.click(event))
    part('pane-close').addEventListener('click', () => this.close())
    this.frame.addEventListener('load', () => this.bind())
    addEventListener('popstate', () => this.follow())
    this.follow()
  }

  /** @param {MouseEvent} event */
  click (event) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    const link = event.target instanceof Element && event.target.closest('td:first-child a')
    if (!link || !matchMedia(LEAST_WIDTH).matches) return
    event.preventDefault()
    const call = link.getAttribute('href')?.split('/').pop() ?? ''
    const here = new URL(location.href)
    here.searchParams.set('call', call)
    history.pushState(null, '', here)
    this.open(call)
  }

  /** Show what the address says. */
  follow () {
    const call = new URLSearchParams(location.search).get('call')
    if (call && matchMedia(LEAST_WIDTH).matches) this.open(call)
    else this.hide()
  }

  /** @param {string} call the id of a call */
  open (call) {
    const address = `/_mockseg/calls/${encodeURIComponent(call)}`
    part('pane-link').setAttribute('href', address)
    // Another entry of the history would take "back" to the call before and leave the list there.
    this.frame.contentWindow?.location.replace(`${address}?pane=1`)
    this.pane.hidden = false
    for (const row of this.body.rows) {
      const chosen = row.cells[0].querySelector('a')?.getAttribute('href') === address
      row.toggleAttribute('data-open', chosen)
    }
  }

  /** @returns {boolean} whether it was open */
  close () {
    if (this.pane.hidden) return false
    const here = new URL(location.href)
    here.searchParams.delete('call')
    history.pushState(null, '', here)
    const opened = this.body.querySelector('tr[data-open] a')
    this.hide()
    if (opened instanceof HTMLElement) opened.focus()
    return true
  }

  hide () {
    this.pane.hidden = true
    for (const row of this.body.rows) row.removeAttribute('data-open')
  }

  /** Keys that are pressed in the frame are keys of the list. */
  bind () {
    const inside = this.frame.contentDocument
    inside?.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close()
    })
  }
}
