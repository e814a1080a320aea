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

/** @param {string} terms @returns {URL} the address of those of the calls that more terms find */
export function narrowed (terms) {
  const q = parameter('q') ?? ''
  return addressWith({ q: `${q} ${terms}`.trim(), call: null, compare: null, before: null })
}
