// @ts-check
// Keys of the view: one letter each, ignored while something is typed, and switched off on request.

const SWITCH = 'mockseg keys'

export class Keys {
  /** @param {Record<string, (event: KeyboardEvent) => void>} actions by key */
  constructor (actions) {
    this.actions = new Map(Object.entries(actions))
    document.addEventListener('keydown', (event) => this.press(event))
    const box = /** @type {HTMLInputElement} */ (document.getElementById('keys-on'))
    box.checked = this.areOn
    box.addEventListener('change', () => localStorage.setItem(SWITCH, box.checked ? 'on' : 'off'))
  }

  get areOn () { return localStorage.getItem(SWITCH) !== 'off' }

  /** @param {KeyboardEvent} event here, or in the frame of a call */
  press (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return
    const target = /** @type {Element} */ (event.target)
    const typed = target.closest?.('input, select, textarea')
    if (typed) {
      if (event.key === 'Escape') document.getElementById('grid')?.focus()
      return
    }
    const isGrid = target.id === 'grid' || target === document.body
    const action = this.actions.get(event.key)
    if (!action || (event.key.length === 1 && !this.areOn)) return
    // Elsewhere these move what has the focus, or act on it.
    if (/^(Arrow|Page|Home|End|Enter)/.test(event.key) && !isGrid) return
    event.preventDefault()
    action(event)
  }
}
