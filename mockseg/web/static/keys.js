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
 * @param {string} [only] a class that the row must have
 */
export function moveFocus (body, step, only) {
  const rows = [...body.rows].filter((row) => row.cells[0].querySelector('a'))
  let at = rows.findIndex((row) => row.contains(document.activeElement))
  if (at < 0 && step < 0) at = 0
  do at += step
  while (rows[at] && only && !rows[at].classList.contains(only))
  rows[at]?.cells[0].querySelector('a')?.focus()
}
