/** The form for the model: describe a new diagram, or a change of the open one, and watch the model write. */
import { api } from './api.mjs';
import { peek } from './checker.mjs';
import { getCode, setWritable, showWriting } from './editor.mjs';
import { dismiss, fail, say } from './notices.mjs';
import { diagramIn, write } from './stream.mjs';
import { adopt, cancelChange, keep, mayLeave, open, save, takeCancelled, withTitle, work } from './work.mjs';

const PEEK_EVERY = 1500; // ms between two looks at what is written so far
const LEFT = 'another diagram was opened'; // why the writing was ended

const form = document.getElementById('composer');
const prompt = document.getElementById('prompt');
const type = document.getElementById('type');
const progress = document.getElementById('progress');
const writeButton = document.getElementById('write');
const cancelButton = document.getElementById('cancel');
let writing = null; // AbortController

/** Whether a model is writing. */
export const isWriting = () => Boolean(writing);

/** Fill the list of diagram types. */
export async function loadTypes() {
  const { types } = await api.types();
  type.replaceChildren(type.options[0], ...types.map(({ type: name }) => new Option(name, name)));
}

/** Enable the form, or disable it and say why. */
export function allowWriting(allowed, why = '') {
  prompt.disabled = writeButton.disabled = type.disabled = !allowed;
  progress.textContent = why;
}

/** Set the labels of the form: write or change. */
function relabel() {
  const changing = Boolean(work.diagram?.id);
  document.getElementById('prompt-label').textContent = changing ? 'Say what to change' : 'Describe the diagram';
  prompt.placeholder = changing
    ? 'Add a step in which the warehouse checks the stock'
    : 'An order is paid, then packed and shipped; if payment fails, the customer is reminded';
  document.getElementById('type-choice').hidden = changing;
  writeButton.textContent = changing ? 'Change' : 'Write';
}

async function run() {
  const words = prompt.value.trim();
  if (!words || writing) return;
  const order = await prepare(words);
  if (!order || writing) return;
  const before = getCode();
  const { signal } = begin();
  try {
    adopt(await write(...order, watcher(), signal));
    prompt.value = '';
    say('The diagram is written');
  } catch (error) {
    // If another diagram was opened in between, the editor shows that one.
    if (signal.reason !== LEFT) keep(error.written ?? before);
    if (signal.aborted) await cancelled(order, signal);
    else fail(error);
  } finally {
    end();
  }
}

async function cancelled([, body], { reason }) {
  say('Cancelled');
  if (body.change && reason !== LEFT) await cancelChange(body).catch(() => {}); // asked again before the next version
}

/** The request, `[path, body]`; null if the user wants to keep what is in the editor. */
async function prepare(words) {
  const { id } = work.diagram ?? {};
  // The model changes the stored diagram, so the user's edits are stored first.
  if (work.changed && !(await (id ? save() : mayLeave()))) return null;
  if (id) await takeCancelled().catch(() => {});
  if (id) return [`diagrams/${encodeURIComponent(id)}/revisions`, { change: words, base: work.diagram.revision }];
  if (work.diagram?.id) open(null); // the user's own code was saved
  return ['diagrams', withTitle({ prompt: words, ...(type.value && { diagram_type: type.value }) })];
}

/** What to do with each event of the stream. */
function watcher() {
  let text = '';
  let looked = performance.now();
  return {
    attempt({ attempt, attempts }) {
      text = '';
      report(attempt === 1 ? 'Writing…' : `Writing, answer ${attempt} of ${attempts}…`);
    },
    token(data) {
      text += data.text;
      const code = diagramIn(text);
      showWriting(code);
      if (performance.now() - looked < PEEK_EVERY || !code.includes('\n')) return;
      looked = performance.now();
      peek(code.slice(0, code.lastIndexOf('\n')), writing.signal);
    },
    validation({ valid }) {
      report(valid === false ? 'The answer has errors…' : 'Checking…');
    },
  };
}

function report(text) {
  progress.textContent = text;
  say(text);
}

function begin() {
  dismiss();
  writing = new AbortController();
  setWritable(false);
  form.setAttribute('aria-busy', 'true');
  prompt.readOnly = true;
  writeButton.hidden = true;
  cancelButton.hidden = false;
  cancelButton.focus();
  report('Asking the model…');
  return writing;
}

function end() {
  writing.abort(); // a picture of what was written so far, which is drawn still, is not shown any more
  writing = null;
  setWritable(true);
  form.removeAttribute('aria-busy');
  prompt.readOnly = false;
  writeButton.hidden = false;
  cancelButton.hidden = true;
  progress.textContent = '';
  if (document.activeElement === document.body) prompt.focus();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
prompt.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  run();
});
cancelButton.addEventListener('click', () => writing?.abort());
work.addEventListener('opened', () => {
  writing?.abort(LEFT);
  relabel();
});
work.addEventListener('saved', relabel);
