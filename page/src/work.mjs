/** The diagram in the editor: open, edit, save. */
import { Problem, api } from './api.mjs';
import { check } from './checker.mjs';
import { getCode, onEdit, setCode } from './editor.mjs';
import { dismiss, fail, say, tell } from './notices.mjs';
import { ask } from './question.mjs';

class Work extends EventTarget {
  /** The diagram as the server has stored it; null if it was never saved. */
  diagram = null;

  /** Whether the editor has unsaved code. */
  get changed() {
    const stored = this.diagram?.id ? this.diagram.code : '';
    return getCode().trim() !== stored.trim();
  }
}

/** Tells 'opened' (another diagram, or none) and 'saved' (another revision or title of it). */
export const work = new Work();

const title = document.getElementById('title');
const saved = document.getElementById('saved');
const saveButton = document.getElementById('save');

let opened = 0; // how many diagrams were

/** Show this diagram, or an empty one. The caller must have asked about unsaved code before. */
export function open(diagram, { push = true } = {}) {
  dismiss();
  opened += 1;
  work.diagram = diagram;
  title.value = diagram?.title ?? '';
  setCode(diagram?.code ?? '');
  if (push) history.pushState(null, '', addressOf(diagram));
  document.title = diagram?.title ? `${diagram.title} · BA Copilot` : 'BA Copilot';
  mark();
  check();
  work.dispatchEvent(new Event('opened'));
}

/**
 * Take over the answer of the server to a change of this diagram.
 *
 * @param {object} diagram
 * @param {string} [sent] the code that was saved: what the user has typed since then stays in the editor
 */
export function adopt(diagram, sent = getCode()) {
  for (const warning of diagram.warnings ?? []) tell(warning);
  // It was not stored: the code stays in the editor, as an edit of the open diagram.
  if (!diagram.id) return keep(diagram.code);
  const other = diagram.id !== work.diagram?.id;
  work.diagram = diagram;
  title.value = diagram.title ?? title.value;
  if (getCode() === sent) setCode(diagram.code);
  if (other) history.pushState(null, '', addressOf(diagram));
  document.title = `${title.value || 'Untitled'} · BA Copilot`;
  mark();
  check();
  work.dispatchEvent(new Event('saved'));
}

/** Show code in the editor that is not stored. */
export function keep(code) {
  setCode(code);
  mark();
  check();
}

/** Open a stored diagram by its id. */
export async function openStored(id, options) {
  open(await api.show(id), options);
}

/** Whether the code in the editor may be replaced: it is saved, or the user has decided about it. */
export async function mayLeave() {
  if (!work.changed) return true;
  const choice = await ask('Save your changes?', 'This diagram has changes that are not saved.', {
    save: 'Save',
    discard: 'Discard',
    stay: 'Keep editing',
  });
  if (choice === 'save') return save();
  return choice === 'discard';
}

let writes = true;

/** Allow this user to save, or not. */
export function allowSaving(allowed) {
  writes = allowed;
  saveButton.disabled = !writes;
}

let saving = null;

/** Save the code as a new diagram, or as a revision. Returns whether it is saved. Once at a time: a key may be held down. */
export function save() {
  saving ??= store().finally(() => {
    saving = null;
  });
  return saving;
}

async function store() {
  if (!writes) {
    tell('Your key may read only.');
    return false;
  }
  const code = getCode();
  if (!code.trim()) {
    tell('There is nothing to save yet.');
    return false;
  }
  saveButton.disabled = true;
  const turn = opened;
  try {
    const stored = work.diagram?.id ? await revise({ code }) : await api.create(withTitle({ code }));
    if (turn === opened) adopt(stored, code);
    else work.dispatchEvent(new Event('saved')); // another was opened meanwhile, and stays
    say('Saved');
    return !work.changed;
  } catch (error) {
    fail(error);
    return false;
  } finally {
    saveButton.disabled = !writes;
    mark();
  }
}

/** Store a revision after the open one. If somebody else has stored one in between, ask the user. */
export async function revise(body) {
  const { id, revision } = work.diagram;
  try {
    return await api.revise(id, { ...body, base: revision });
  } catch (error) {
    if (error.type !== 'revision-conflict') throw error;
    return settle(id, body);
  }
}

let cancelled = null; // what was asked of a model and then not waited for

/** Remember that a change was cancelled. The server may have stored it already, or may store it a moment later. */
export async function cancelChange({ change, base }) {
  cancelled = { id: work.diagram.id, change, base };
  await takeCancelled();
}

/** Continue from the version that the cancelled change has become, if the server stored it. Returns whether it did. */
export async function takeCancelled() {
  const { diagram } = work;
  if (!cancelled || cancelled.id !== diagram?.id || cancelled.base !== diagram.revision) return false;
  const { items } = await api.revisions(diagram.id, { limit: 1 });
  const [newest] = items;
  if (work.diagram !== diagram || newest.revision !== cancelled.base + 1 || newest.change !== cancelled.change) return false;
  cancelled = null;
  work.diagram = { ...diagram, revision: newest.revision, code: newest.code };
  mark();
  work.dispatchEvent(new Event('saved'));
  return true;
}

async function settle(id, body) {
  if (await takeCancelled()) return revise(body);
  const choice = await ask('Somebody else has changed this diagram', 'Which version shall be the newest?', {
    theirs: 'Open theirs',
    mine: 'Save mine',
  });
  if (choice === 'mine') return api.revise(id, body);
  if (choice === 'theirs') {
    const theirs = await api.show(id);
    setCode(theirs.code); // in place of all that the user has typed
    return theirs;
  }
  throw new Problem({ title: 'Not saved', detail: 'Somebody else has changed this diagram.' });
}

const addressOf = (diagram) => (diagram?.id ? `?diagram=${diagram.id}` : './');

/** A body with the title, if the user has entered one. */
export const withTitle = (body) => (title.value.trim() ? { ...body, title: title.value.trim() } : body);

function mark() {
  const { changed, diagram } = work;
  saved.textContent = changed ? 'Unsaved' : diagram?.revision ? `Version ${diagram.revision}` : '';
  saved.classList.toggle('is-unsaved', changed);
  document.getElementById('copy-link').disabled = !diagram?.id;
}

title.addEventListener('change', async () => {
  const { diagram } = work;
  const wished = title.value.trim();
  if (!diagram?.id || !wished || wished === diagram.title) return;
  try {
    rename(await api.rename(diagram.id, wished));
  } catch (error) {
    fail(error);
  }
});
title.addEventListener('keydown', ({ key }) => key === 'Enter' && title.blur());
onEdit(mark);
saveButton.addEventListener('click', save);
addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 's') return;
  event.preventDefault();
  save();
});
addEventListener('beforeunload', (event) => work.changed && event.preventDefault());
addEventListener('popstate', async () => {
  const { href } = location;
  if (!(await mayLeave())) history.pushState(null, '', addressOf(work.diagram));
  else {
    history.replaceState(null, '', href); // saving may have changed it
    await openAddress({ push: false });
  }
});

/** Open the diagram in the address of the page. */
export async function openAddress(options) {
  const id = new URLSearchParams(location.search).get('diagram');
  if (!id) return open(null, options);
  try {
    await openStored(id, options);
  } catch (error) {
    open(null, { push: false });
    fail(error);
  }
}

function rename(diagram) {
  if (work.diagram?.id !== diagram.id) return; // another was opened meanwhile
  work.diagram.title = diagram.title;
  document.title = `${diagram.title} · BA Copilot`;
  say('Renamed');
  work.dispatchEvent(new Event('saved'));
}
