// @ts-check
// Keys of the view: one letter each, ignored while something is typed.

/** @param {Map<string, () => void>} actions by key */
export function bindKeys (actions) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const target = event.target
    const types = target instanceof Element && target.closest('input, select, textarea')
    if (event.key === 'Escape' && types instanceof HTMLElement) types.blur()
    const action = actions.get(event.key)
    if (types || action === undefined || document.querySelector('dialog[open]')) return
    event.preventDefault()
    action()
  })
}

/**
 * Move the focus to the link of the next row or the one before.
 * @param {HTMLTableSectionElement} body @param {1 | -1} step
 */
export function moveFocus (body, step) {
  const links = [...body.rows].flatMap((row) => row.cells[0].querySelector('a') ?? [])
  const at = links.findIndex((link) => link.closest('tr')?.contains(document.activeElement))
  const next = at < 0 ? links[0] : links[at + step]
  next?.focus()
}
