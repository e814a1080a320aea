// @ts-check
// The document: its parts, found by id and made, and its address, which shows a colleague the same.
// Values of messages become text nodes only.

/** @param {string} id @returns {any} */
export const part = (id) => document.getElementById(id)

/** @param {string} name @param {(string | Node)[]} content */
export function element (name, ...content) {
  const made = document.createElement(name)
  made.append(...content)
  return made
}

/** @param {Record<string, string | number | null>} changes null takes a parameter away */
export function addressWith (changes) {
  const here = new URL(location.href)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) here.searchParams.delete(name)
    else here.searchParams.set(name, String(value))
  }
  return here
}

/** @param {string} name */
export const parameter = (name) => new URLSearchParams(location.search).get(name)

// What an address no longer has when other calls are shown.
export const OTHER_CALLS = { call: null, compare: null, tab: null, before: null }

/** @param {string} terms @returns {URL} the address of those of the calls that more terms find */
export function narrowed (terms) {
  const q = parameter('q') ?? ''
  return addressWith({ ...OTHER_CALLS, q: `${q} ${terms}`.trim() })
}
