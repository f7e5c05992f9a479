/** What is told to the user: errors and news in a corner, and every change of state to a screen reader. */
import { button } from './button.mjs';

const NEWS_STAYS = 6000; // ms; an error stays until it is closed

const region = document.getElementById('notices');
const status = document.getElementById('status');

/** Say it to a screen reader, without interrupting. */
export function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

/** Show news that goes away by itself. */
export function tell(text, action) {
  const notice = show(text, 'news', action);
  setTimeout(() => notice.remove(), NEWS_STAYS);
}

/** Take the error away: something new begins. */
export function dismiss() {
  for (const old of region.querySelectorAll('.error')) old.remove();
}

/** Show an error: an Error, or a sentence. */
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
