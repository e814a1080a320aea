// @ts-check
// The feed of the server: goes on where it was, after a lost connection and after a hidden tab.

const MAX_WAIT_SECONDS = 15

export class Feed {
  /**
   * @param {URLSearchParams} asked what the feed is limited to
   * @param {string} after the id of the last event that is shown already
   * @param {{ onRows: (news: any) => void, onGap: (gap: any) => void, onOpen: () => void,
   *   onLost: (seconds: number) => void }} listener
   */
  constructor (asked, after, listener) {
    this.asked = asked
    this.after = after
    this.listener = listener
    this.waitSeconds = 1
    /** @type {EventSource | null} */
    this.events = null
    this.timer = 0
    // A browser opens six connections to one server: a hidden tab must not hold one.
    document.addEventListener('visibilitychange', () => this.follow())
    addEventListener('pagehide', () => this.close())
    addEventListener('pageshow', () => this.follow())
    this.follow()
  }

  /** Open the feed while the tab is visible, else close it. */
  follow () {
    if (document.visibilityState === 'hidden') this.close()
    else if (this.events === null) this.open()
  }

  open () {
    this.close()
    const asked = new URLSearchParams(this.asked)
    asked.set('after', this.after)
    const events = this.events = new EventSource(`/_mockseg/v1/feed?${asked}`)
    events.addEventListener('hello', () => {
      this.waitSeconds = 1
      this.listener.onOpen()
    })
    events.addEventListener('gap', (event) => this.listener.onGap(this.read(event)))
    events.addEventListener('rows', (event) => this.listener.onRows(this.read(event)))
    events.addEventListener('error', () => this.lose())
  }

  close () {
    clearTimeout(this.timer)
    this.events?.close()
    this.events = null
  }

  lose () {
    this.close()
    this.listener.onLost(this.waitSeconds)
    this.timer = setTimeout(() => this.follow(), this.waitSeconds * 1000)
    this.waitSeconds = Math.min(this.waitSeconds * 2, MAX_WAIT_SECONDS)
  }

  /** @param {MessageEvent} event */
  read (event) {
    this.after = event.lastEventId
    return JSON.parse(event.data)
  }
}
