/** A diagram by words: described, or, where one is open, what to change of it; and watched while it is written. */
import { api } from './api.mjs';
import { peek } from './checker.mjs';
import { getCode, setWritable, showWriting } from './editor.mjs';
import { dismiss, fail, say } from './notices.mjs';
import { diagramIn, write } from './stream.mjs';
import { adopt, keep, save, withTitle, work } from './work.mjs';

const PEEK_EVERY = 1500; // ms between two looks at what is written so far

const form = document.getElementById('composer');
const prompt = document.getElementById('prompt');
const type = document.getElementById('type');
const progress = document.getElementById('progress');
const writeButton = document.getElementById('write');
const cancelButton = document.getElementById('cancel');
let writing = null; // AbortController

/** Whether a model writes now. */
export const isWriting = () => Boolean(writing);

/** Fill in the types that may be asked for. */
export async function loadTypes() {
  const { types } = await api.types();
  type.append(...types.map(({ type: name }) => new Option(name, name)));
}

/** Say that nothing can be written, and why. */
export function refuseWriting(why) {
  prompt.disabled = writeButton.disabled = type.disabled = true;
  progress.textContent = why;
}

/** Label the form for what it does now. */
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
  // The model changes what is stored; so the user's own edits are stored first.
  if (work.diagram?.id && work.changed && !(await save())) return;
  const before = getCode();
  const { diagram } = work;
  const [path, body] = diagram?.id
    ? [`diagrams/${encodeURIComponent(diagram.id)}/revisions`, { change: words, base: diagram.revision }]
    : ['diagrams', withTitle({ prompt: words, ...(type.value && { diagram_type: type.value }) })];
  begin();
  try {
    adopt(await write(path, body, watcher(), writing.signal));
    prompt.value = '';
    say('The diagram is written');
  } catch (error) {
    keep(error.written ?? before);
    if (error.name === 'AbortError') say('Cancelled');
    fail(error);
  } finally {
    end();
  }
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
  writing?.abort();
  relabel();
});
work.addEventListener('saved', relabel);
