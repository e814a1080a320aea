// @ts-check
// The address of the view: all that a colleague needs to see the same.

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

/**
 * Narrow the query of the view by a term.
 * @param {string} term
 */
export function narrow (term) {
  const q = parameter('q') ?? ''
  location.assign(addressWith({ q: `${q} ${term}`.trim(), call: null, before: null }))
}
