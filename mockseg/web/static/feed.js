// @ts-check
// The feed of the server: goes on where it was, after a lost connection and after a hidden tab, and
// says when another mockseg answers than the one that wrote the page.

import { part } from './document.js'
import { printable } from './text.js'

/** @typedef {{ version: string, run: number }} Server */

const MAX_WAIT_SECONDS = 15
// The server says every 15 seconds that it is there: a connection that is silent longer is dead.
const SILENCE_SECONDS = 35
// A browser opens six connections to one server, and other requests need some of them.
const MOST_LIVE = 4
const POLL_SECONDS = 2
// Whoever looks away for a moment finds the list as it went on.
const HIDDEN_MS = 10_000

/**
 * Take one of the places for a live feed that the tabs of this browser share.
 * @returns {Promise<(() => void) | null>} what gives it back; null when other tabs have them all
 */
async function place () {
  // Outside of a secure context there are no locks: then each tab takes what it needs.
  if (!navigator.locks) return () => {}
  for (let number = 0; number < MOST_LIVE; number += 1) {
    const release = await new Promise((resolve) => {
      navigator.locks.request(`mockseg feed ${number}`, { ifAvailable: true }, (lock) =>
        lock ? new Promise((end) => resolve(() => end(undefined))) : resolve(null))
    })
    if (release) return release
  }
  return null
}

export class Feed {
  /**
   * @param {URLSearchParams} asked what the feed is limited to
   * @param {string} after the id of the last event that is shown already
   * @param {{ onRows: (news: any) => void, onGap: (gap: any) => void,
   *   onOpen: (pollSeconds: number, cursor: number) => void, onLost: (seconds: number) => void }} listener
   */
  constructor (asked, after, listener) {
    this.asked = asked
    this.after = after
    this.listener = listener
    this.waitSeconds = 1
    /** @type {EventSource | null} */
    this.events = null
    /** @type {(() => void) | null} what gives back the place among the live ones */
    this.release = null
    this.timer = this.hiddenTimer = 0
    document.addEventListener('visibilitychange', () => this.follow())
    addEventListener('pagehide', () => this.leave())
    addEventListener('pageshow', () => this.follow())
    this.follow()
  }

  /** Open the feed while the tab is visible; hidden for a while it leaves the connection to others. */
  follow () {
    clearTimeout(this.hiddenTimer)
    if (document.visibilityState !== 'hidden') {
      if (this.events === null) this.open()
    } else if (this.events === null) this.leave()
    else this.hiddenTimer = setTimeout(() => this.leave(), HIDDEN_MS)
  }

  async open () {
    this.close()
    if (!this.release) {
      const release = await place()
      // Another call of this was faster, or the tab was hidden meanwhile.
      if (this.release || this.events || document.visibilityState === 'hidden') {
        release?.()
        return
      }
      this.release = release
    }
    const asked = new URLSearchParams(this.asked)
    if (this.after) asked.set('after', this.after)
    const events = this.events = new EventSource(`/_mockseg/v1/feed?${asked}`)
    events.addEventListener('hello', (event) => {
      const server = JSON.parse(event.data)
      tellOutdated(server)
      this.waitSeconds = 1
      this.listener.onOpen(this.release ? 0 : POLL_SECONDS, server.cursor)
      this.listen()
    })
    events.addEventListener('alive', () => this.listen())
    events.addEventListener('gap', (event) => this.listener.onGap(this.read(event)))
    events.addEventListener('rows', (event) => this.listener.onRows(this.read(event)))
    events.addEventListener('error', () => this.lose())
  }

  /** Wait for the next event; without a place the connection is given up after a moment. */
  listen () {
    clearTimeout(this.timer)
    if (this.release) {
      this.timer = setTimeout(() => this.lose(), SILENCE_SECONDS * 1000)
    } else {
      this.timer = setTimeout(() => {
        this.close()
        this.timer = setTimeout(() => this.follow(), POLL_SECONDS * 1000)
      }, 100)
    }
  }

  close () {
    clearTimeout(this.timer)
    this.events?.close()
    this.events = null
  }

  /** Close it, and let another tab be live. */
  leave () {
    this.close()
    this.release?.()
    this.release = null
  }

  lose () {
    this.close()
    this.listener.onLost(this.waitSeconds)
    this.timer = setTimeout(() => this.follow(), this.waitSeconds * 1000)
    this.waitSeconds = Math.min(this.waitSeconds * 2, MAX_WAIT_SECONDS)
  }

  /** @param {MessageEvent} event */
  read (event) {
    this.listen()
    this.after = event.lastEventId
    return JSON.parse(event.data)
  }
}

/** @param {Server} page that it is of @param {Server} server that answers now @returns {string} empty if it is the same */
export function outdated (page, server) {
  if (page.version !== server.version) {
    return `This page is of mockseg ${page.version}, and mockseg ${printable(server.version)} answers now.`
  }
  return page.run === server.run ? '' : 'mockseg was started anew: this page is of the run before.'
}

/** @param {Server} server that answers now */
function tellOutdated (server) {
  const notice = part('outdated')
  if (!notice) return
  const { version = '', run } = document.documentElement.dataset
  const text = outdated({ version, run: Number(run) }, server)
  notice.querySelector('[role=status]').textContent = text
  if (text && notice.hidden) notice.querySelector('button').addEventListener('click', () => location.reload())
  notice.hidden = !text
}
