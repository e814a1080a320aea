// @ts-check
// Parts of the document: found by id, and made. Values of messages become text nodes only.

/** @param {string} id @returns {any} */
export const part = (id) => document.getElementById(id)

/** @param {string} name @param {(string | Node)[]} content */
export function element (name, ...content) {
  const made = document.createElement(name)
  made.append(...content)
  return made
}
