// @ts-check
// Forms that change something are sent as they are, and what came of it is told where they stand.
// Without this script they work too: the server leads back to the view.

import { element, part } from './document.js'
import { CHANGED } from './live.js'
import { printable } from './text.js'

/** @typedef {{ said: string, to: string | null, lines: string[], text: string }} Done */

// What is told after another document came, and of which form.
const TOLD = 'mockseg told'

/** @param {HTMLFormElement} form @returns {HTMLElement} the place where its answer is told */
function placeOf (form) {
  const found = form.querySelector('.outcome')
  if (found instanceof HTMLElement) return found
  const made = element('div')
  made.className = 'outcome'
  made.setAttribute('role', 'status')
  form.append(made)
  return made
}

/** @param {HTMLElement} place @param {string[]} lines @param {string} text @param {boolean} isWrong */
function tell (place, lines, text, isWrong) {
  place.classList.toggle('bad', isWrong)
  place.replaceChildren(...lines.map((line) => element('p', printable(line))))
  if (!text) return
  const shown = element('pre', text.split('\n').map(printable).join('\n'))
  shown.tabIndex = 0
  shown.setAttribute('role', 'region')
  shown.setAttribute('aria-label', 'Answer')
  place.append(shown)
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
async function send (form, submitter) {
  const place = placeOf(form)
  if (form.dataset.sending) return
  form.dataset.sending = 'yes'
  try {
    const fields = /** @type {any} */ (new FormData(form, submitter))
    const answer = await fetch(String(form.getAttribute('action')), {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: new URLSearchParams(fields)
    })
    const done = await answer.json()
    if (!answer.ok) throw new Error(done.error.message)
    follow(form, done)
  } catch (error) {
    tell(place, [error instanceof Error ? error.message : String(error)], '', true)
  } finally {
    delete form.dataset.sending
  }
}

/** @param {HTMLFormElement} form @param {Done} done */
function follow (form, done) {
  if (done.to === null) {
    tell(placeOf(form), [done.said, ...done.lines], done.text, false)
    dispatchEvent(new Event(CHANGED))
    return
  }
  sessionStorage.setItem(TOLD, JSON.stringify({ form: form.getAttribute('id'), said: done.said }))
  const to = new URL(done.to, location.href)
  // The same address is loaded again: the place in the document stays.
  if (to.pathname + to.search === location.pathname + location.search) location.reload()
  else location.assign(to)
}

/** Tell what came of the form that led to this document, and go on there. */
function tellOfBefore () {
  const kept = sessionStorage.getItem(TOLD)
  if (kept === null) return
  sessionStorage.removeItem(TOLD)
  const { form: id, said } = JSON.parse(kept)
  const form = id ? part(id) : null
  if (form instanceof HTMLFormElement && !form.closest('dialog')) {
    tell(placeOf(form), [said], '', false)
    form.querySelector('button')?.focus({ preventScroll: true })
    return
  }
  const notice = part('acted')
  notice.textContent = printable(said)
  notice.focus({ preventScroll: true })
}

/** What asks before it acts is a dialog; without the script it is a part that opens. */
for (const asking of document.querySelectorAll('details.ask')) {
  const dialog = asking.querySelector('dialog')
  if (!(asking instanceof HTMLDetailsElement) || !dialog) continue
  asking.addEventListener('toggle', () => {
    if (!asking.open || dialog.matches(':modal')) return
    dialog.close()
    dialog.showModal()
  })
  dialog.addEventListener('close', () => {
    // Closed to be opened again as a modal one.
    if (dialog.open) return
    asking.open = false
    asking.querySelector('summary')?.focus()
  })
  const cancel = dialog.querySelector('button[type=button]')
  if (cancel instanceof HTMLElement) {
    cancel.hidden = false
    cancel.addEventListener('click', () => dialog.close())
  }
}

document.addEventListener('submit', (event) => {
  const form = event.target
  if (!(form instanceof HTMLFormElement) || !('action' in form.dataset)) return
  event.preventDefault()
  send(form, event.submitter)
})

for (const button of document.querySelectorAll('[data-copy], [data-copy-of]')) {
  if (!(button instanceof HTMLButtonElement)) continue
  button.hidden = false
  button.addEventListener('click', () => copy(button))
}

/** @param {HTMLButtonElement} button */
async function copy (button) {
  const source = button.dataset.copyOf ? part(button.dataset.copyOf) : null
  const text = source ? source.textContent : button.dataset.copy ?? ''
  const notice = part('acted')
  try {
    await navigator.clipboard.writeText(text)
    notice.textContent = 'Copied.'
  } catch {
    // Outside of a secure context, or refused: then a person copies what is selected.
    if (source) getSelection()?.selectAllChildren(source)
    notice.textContent = source ? 'The text is selected: copy it with Ctrl+C.' : printable(text)
  }
}

tellOfBefore()
