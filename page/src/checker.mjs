/** Checks the code after each edit: the server validates it, errors are marked at their lines, and it is drawn. */
import { api } from './api.mjs';
import { button } from './button.mjs';
import { getCode, goTo, markErrors, onEdit } from './editor.mjs';
import { say } from './notices.mjs';
import { clearPicture, markStale, showPicture } from './picture.mjs';

const PAUSE = 300; // ms after the last key
const SHOWN = 20; // errors

const list = document.getElementById('errors');
const verdict = document.getElementById('verdict');
let timer;
let current; // AbortController of the check that runs
let silentUntil = 0; // the server asked for a pause (Retry-After), ms

/** Validate and draw the code in the editor now. */
export function check() {
  clearTimeout(timer);
  current?.abort();
  current = new AbortController();
  return follow(getCode(), current.signal).catch((error) => {
    if (error.name !== 'AbortError') throw error;
  });
}

/** Draw what a model has written so far, if it is a diagram already. Errors are ignored. */
export async function peek(code, signal) {
  try {
    const judged = await api.validate(code, signal);
    if (!refused(judged)) await showPicture(code, signal, { whole: false });
  } catch {
    // The next piece comes soon.
  }
}

async function follow(code, signal) {
  if (!code.trim()) {
    show([], '');
    clearPicture();
    return;
  }
  verdict.dataset.kind = 'busy';
  const [judged, note] = await judge(code, signal);
  signal.throwIfAborted();
  if (judged && refused(judged)) {
    const errors = judged.errors.length ? judged.errors : [{ message: judged.reason ?? 'This is no diagram.' }];
    show(errors, judged.valid ? 'Cannot be drawn' : count(errors));
    markStale(true);
    return;
  }
  try {
    await showPicture(code, signal);
    show([], note, note ? 'unsure' : 'good');
  } catch (error) {
    if (signal.aborted) return;
    show([{ message: error.message.split('\n')[0] }], 'Cannot be drawn');
    markStale(true);
  }
}

/** The verdict of the server, or a message if it has none. */
async function judge(code, signal) {
  if (Date.now() < silentUntil) return [null, 'Drawn, not checked'];
  try {
    const judged = await api.validate(code, signal);
    return [judged, judged.valid === null ? 'Too large to be checked' : ''];
  } catch (error) {
    if (error.name === 'AbortError' || error.status === 401) throw new DOMException('', 'AbortError');
    silentUntil = Date.now() + error.retryAfter * 1000;
    if (error.status === 422) return [{ valid: false, errors: [{ message: error.message }] }, ''];
    return [null, 'Drawn, not checked'];
  }
}

/** An error: the drawing would fail, or never end. */
const refused = ({ valid, drawable }) => valid === false || drawable === false;

const count = (errors) => (errors.length === 1 ? '1 error' : `${errors.length} errors`);

function show(errors, words, kind = errors.length ? 'bad' : '') {
  markErrors(errors);
  list.replaceChildren(...errors.slice(0, SHOWN).map(item));
  list.hidden = !errors.length;
  verdict.textContent = words || (kind === 'good' ? 'Valid' : '');
  verdict.dataset.kind = kind;
  say(errors.length ? `${words}. ${place(errors[0])}${errors[0].message}` : words || (kind === 'good' ? 'Drawn' : ''));
}

const place = ({ line }) => (line ? `Line ${line}: ` : '');

function item(error) {
  const entry = document.createElement('li');
  const shown = button(error.message, () => goTo(error.line, error.column));
  shown.prepend(Object.assign(document.createElement('b'), { textContent: place(error) }));
  entry.append(shown);
  return entry;
}

onEdit(() => {
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE);
});
