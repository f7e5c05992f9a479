/** Messages to the user: errors and news in a corner, and each change of state for screen readers. */
import { button } from './button.mjs';

const NEWS_STAYS = 6000; // ms; an error stays until it is closed

const region = document.getElementById('notices');
const status = document.getElementById('status');

/** Say a text to a screen reader, without interrupting it. */
export function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

/** Show a message that disappears by itself. */
export function tell(text, action) {
  const notice = show(text, 'news', action);
  setTimeout(() => notice.remove(), NEWS_STAYS);
}

/** Remove the error, when something new begins. */
export function dismiss() {
  for (const old of region.querySelectorAll('.error')) old.remove();
}

/** Show an error, given as an Error or as a sentence. */
export function fail(error) {
  if (error?.name === 'AbortError' || error?.status === 401) return;
  const title = error.title ? `${error.title}. ` : '';
  show(`${title}${error.message ?? error}`, 'error');
}

function show(text, kind, action) {
  for (const old of region.querySelectorAll(`.${kind}`)) old.remove();
  const notice = document.createElement('div');
  notice.className = `notice ${kind}`;
  notice.setAttribute('role', kind === 'error' ? 'alert' : 'status');
  const words = document.createElement('p');
  words.textContent = text;
  notice.append(words);
  const quiet = { className: 'quiet' };
  if (action) notice.append(button(action.text, () => (notice.remove(), action.run()), quiet));
  notice.append(button('Close', () => notice.remove(), quiet));
  region.append(notice);
  return notice;
}
