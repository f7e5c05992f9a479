/** A dialog with a question and some answers. */
const dialog = document.getElementById('question');

/**
 * @param {string} title
 * @param {string} text
 * @param {Record<string, string>} choices the text of each button, by the value that is returned for it; the first is the main one
 * @returns {Promise<string>} the choice, '' when the dialog was closed without one
 */
export function ask(title, text, choices) {
  document.getElementById('question-title').textContent = title;
  document.getElementById('question-text').textContent = text;
  const buttons = Object.entries(choices).map(([value, words], at) => {
    const button = document.createElement('button');
    button.value = value;
    button.textContent = words;
    if (at === 0) button.className = 'primary';
    return button;
  });
  document.getElementById('question-choices').replaceChildren(...buttons.reverse());
  dialog.returnValue = '';
  dialog.showModal();
  buttons.at(-1).focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
  });
}
