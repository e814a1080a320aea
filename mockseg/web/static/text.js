// @ts-check
// Text of messages, made safe to read: the same characters as in mockseg/printable.py.

const UNSAFE =
  /[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e007f}]|\p{Cs}/gu
const NAMED = new Map([['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t']])

/** @param {string} text @returns {string} one line; what is invisible or reorders it is escaped */
export function printable (text) {
  return text.replace(UNSAFE, (character) => {
    const named = NAMED.get(character)
    if (named !== undefined) return named
    const code = /** @type {number} */ (character.codePointAt(0))
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
    if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`
    return `\\U${code.toString(16).padStart(8, '0')}`
  })
}

/** @param {number} calls @param {number} bad @returns {string} such as "42 new calls, 3 bad" */
export function newCalls (calls, bad) {
  const words = `${calls.toLocaleString('en')} new call${calls === 1 ? '' : 's'}`
  return bad ? `${words}, ${bad.toLocaleString('en')} bad` : words
}

/** @param {number} ms since 1970 @returns {string} the local time of day, with milliseconds */
export function clock (ms) {
  const at = new Date(ms)
  const parts = [at.getHours(), at.getMinutes(), at.getSeconds()]
  const [hours, minutes, seconds] = parts.map((part) => String(part).padStart(2, '0'))
  return `${hours}:${minutes}:${seconds}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

// How times are shown: by the clock of the reader, in UTC, or how long ago.
export const TIMES = ['local', 'UTC', 'ago']

/**
 * @param {number} ms since 1970 @param {string} how one of TIMES @param {number} now since 1970
 * @param {string} [utc] the same as the server writes it, with its date or without
 */
export function timeText (ms, how, now, utc = new Date(ms).toISOString().slice(11, 23)) {
  if (how === 'UTC') return utc
  if (how === 'ago') return ago(now - ms)
  const time = clock(ms).slice(0, utc.length < 12 ? utc.length : 12)
  if (!utc.includes('T')) return time
  const at = new Date(ms)
  const date = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0'))
  return `${date.join('-')} ${time}`
}

/** @param {number} ms @returns {string} such as "12 s ago", or "in 12 s" for what is to come */
function ago (ms) {
  const seconds = Math.round(Math.abs(ms) / 1000)
  const span = spanText(seconds)
  return ms < 0 && seconds > 0 ? `in ${span}` : `${span} ago`
}

/** @param {number} seconds */
function spanText (seconds) {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}

/** @param {number} ms since 1970 @returns {string} the local time of day, to the second */
export const timeOfDay = (ms) => clock(ms).slice(0, 8)

/**
 * Write a term of the query language, as `term_text` of mockseg/query/terms.py does.
 * @param {string} key @param {string} value @param {boolean} [isNegated]
 */
export function termText (key, value, isNegated = false) {
  const escaped = value.replace(/["\\]|\*$/g, '\\$&')
  const needsQuotes = value === '' || /[\s",\\:]|^[-!<>=]/.test(value)
  return `${isNegated ? '-' : ''}${key}:${needsQuotes ? `"${escaped}"` : escaped}`
}
