// @ts-check
// The timeline and the numbers beside the quick filters, as they are now.

// Counting with a query looks at all calls: not more often than this.
const INTERVAL_MS = 5000
const MINUTE_MS = 60_000
// The picture is this high; the busiest minute is this high in it.
const HEIGHT = 42
const HIGHEST = 40
const SVG = 'http://www.w3.org/2000/svg'

export class Counts {
  /** @param {URLSearchParams} asked which calls @param {(terms: string) => URL} addressOf */
  constructor (asked, addressOf) {
    this.addressOf = addressOf
    this.picture = document.querySelector('.timeline')
    const query = new URLSearchParams({ q: asked.get('q') ?? '', buckets: '60' })
    const source = asked.get('source')
    if (source !== null) query.set('source', source)
    this.address = `/_mockseg/v1/calls/counts?${query}`
    this.timer = 0
  }

  /** Calls came: count them before long. */
  wake () {
    this.timer ||= setTimeout(async () => {
      try {
        const answer = await fetch(this.address)
        if (answer.ok) this.show(await answer.json())
      } catch {
        // The feed tells that nothing answers.
      }
      this.timer = 0
    }, INTERVAL_MS)
  }

  /** @param {any} counts */
  show (counts) {
    for (const told of document.querySelectorAll('[data-quick]')) {
      told.textContent = String(counts[/** @type {HTMLElement} */ (told).dataset.quick ?? ''] ?? '')
    }
    const { picture } = this
    if (!picture || document.activeElement?.closest('.timeline')) return
    const busiest = Math.max(1, ...counts.buckets.map((/** @type {any} */ { good, bad }) => good + bad))
    picture.replaceChildren(...counts.buckets.map((/** @type {any} */ bucket, /** @type {number} */ at) =>
      this.column(bucket, at, HIGHEST / busiest)))
  }

  /** @param {any} bucket @param {number} at @param {number} unit */
  column ({ startMs, good, bad }, at, unit) {
    const [begins, ends] = [startMs, startMs + MINUTE_MS].map((ms) => new Date(ms).toISOString())
    const before = new Date(startMs - 1).toISOString()
    const link = draw('a', { href: String(this.addressOf(`after:${before} before:${ends}`)) })
    link.setAttribute('aria-label', `${begins}: ${good} good, ${bad} bad`)
    if (!good && !bad) link.setAttribute('tabindex', '-1')
    const title = draw('title', {})
    title.textContent = `${begins}: ${good} good, ${bad} bad`
    const [x, high, low] = [at * 10 + 1, good * unit, bad * unit]
    link.append(
      title,
      draw('rect', { class: 'span', x: at * 10, y: 0, width: 10, height: HEIGHT }),
      draw('rect', { class: 'good', x, y: HEIGHT - high, width: 8, height: high }),
      draw('rect', { class: 'bad', x, y: HEIGHT - high - low, width: 8, height: low })
    )
    return link
  }
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function draw (name, attributes) {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  return element
}
