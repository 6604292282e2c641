// Elements made without HTML text: what comes from the store can only ever be text.

/** @param {string} tag
 * @param {{class?: string, text?: string, attributes?: Record<string, string>}} [options]
 * @param {(Node | string)[]} children
 * @returns {HTMLElement} */
export function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  if (options.class) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Replaces what an element holds, and answers it.
 * @template {Element} T
 * @param {T} parent
 * @param {(Node | string)[]} children */
export function fill(parent, ...children) {
  parent.replaceChildren(...children);
  return parent;
}

/** A sentence in place of figures.
 * @param {string} text */
export function note(text) {
  return element('p', { class: 'note', text });
}

export const isDark = () => document.documentElement.dataset['theme'] !== 'light';
