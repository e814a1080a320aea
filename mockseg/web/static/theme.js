// @ts-check
// The colour scheme: that of the system, light or dark. Not a module, so that it acts before anything is drawn.
'use strict'

{
  const NAME = 'mockseg theme'
  const THEMES = ['auto', 'light', 'dark']

  const chosen = () => {
    const theme = localStorage.getItem(NAME) ?? ''
    return THEMES.includes(theme) ? theme : 'auto'
  }

  const follow = () => {
    document.documentElement.dataset.theme = chosen()
    const button = document.getElementById('theme')
    if (!button) return
    button.hidden = false
    button.textContent = `◐ ${chosen()}`
    button.setAttribute('aria-label', `Colours: ${chosen()}`)
  }

  follow()
  addEventListener('storage', follow)
  addEventListener('DOMContentLoaded', () => {
    follow()
    document.getElementById('theme')?.addEventListener('click', () => {
      localStorage.setItem(NAME, THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length])
      follow()
    })
  })
}
