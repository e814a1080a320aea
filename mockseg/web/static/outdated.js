// @ts-check
// Says when another mockseg answers than the one that wrote the page.

import { part } from './dom.js'
import { printable } from './text.js'

/** @typedef {{ version: string, run: number }} Server */

/** @param {Server} page that it is of @param {Server} server that answers now @returns {string} empty if it is the same */
export function outdated (page, server) {
  if (page.version !== server.version) {
    return `This page is of mockseg ${page.version}, and mockseg ${printable(server.version)} answers now.`
  }
  return page.run === server.run ? '' : 'mockseg was started anew: this page is of the run before.'
}

/** @param {Server} server that answers now */
export function tellOutdated (server) {
  const notice = part('outdated')
  if (!notice) return
  const { version = '', run } = document.documentElement.dataset
  const text = outdated({ version, run: Number(run) }, server)
  notice.querySelector('[role=status]').textContent = text
  if (text && notice.hidden) notice.querySelector('button').addEventListener('click', () => location.reload())
  notice.hidden = !text
}
