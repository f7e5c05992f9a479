/**
 * A button that is made by script.
 *
 * @param {string} text
 * @param {() => void} run what a click does
 * @param {{className?: string, label?: string}} [options] `label` is what a screen reader says in place of the text
 */
export function button(text, run, { className = '', label } = {}) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = className;
  made.textContent = text;
  if (label) made.setAttribute('aria-label', label);
  made.addEventListener('click', run);
  return made;
}
