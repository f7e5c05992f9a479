/** The versions of the diagram that is open: listed, looked at, restored; and undo, which restores the one before. */
import { api } from './api.mjs';
import { fail, say } from './notices.mjs';
import { adopt, revise, save, work } from './work.mjs';
import { age } from './time.mjs';

const list = document.getElementById('revisions');
const undoButton = document.getElementById('undo');
const none = document.getElementById('no-revisions');
let revisions = []; // newest first

async function load() {
  const { diagram } = work;
  const items = diagram?.id ? (await api.revisions(diagram.id)).items : [];
  if (work.diagram !== diagram) return; // another was opened meanwhile
  revisions = items;
  list.replaceChildren(...revisions.map(entry));
  none.hidden = revisions.length > 0;
  undoButton.disabled = !before();
}

/**
 * The version that undo restores. What it restores is stored as the newest version; the next undo goes on from where that
 * code stood first, not back to what was undone.
 */
function before() {
  let place = revisions[0];
  while (place?.restored) place = numbered(place.restored);
  return place && numbered(place.revision - 1);
}

const numbered = (number) => revisions.find(({ revision }) => revision === number);

function entry(revision, at) {
  const item = document.createElement('li');
  const head = document.createElement('p');
  head.className = 'what';
  head.textContent = said(revision);
  const foot = document.createElement('p');
  foot.className = 'when';
  foot.textContent = [
    `Version ${revision.revision}`,
    age(revision.created_at),
    revision.validated === false ? 'with errors' : '',
  ]
    .filter(Boolean)
    .join(' · ');
  item.append(head, foot);
  if (at === 0) item.setAttribute('aria-current', 'true');
  else item.append(button(`Restore`, `Restore version ${revision.revision}`, () => restore(revision)));
  return item;
}

function said({ change, source, revision, restored }) {
  if (restored) return `Version ${restored} restored`;
  if (change) return change;
  if (source === 'caller') return revision === 1 ? 'Own code' : 'Edited by hand';
  return 'Written from a description';
}

function button(text, label, run) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.setAttribute('aria-label', label);
  made.addEventListener('click', run);
  return made;
}

async function restore({ revision }) {
  try {
    if (work.changed && !(await save())) return;
    adopt(await revise({ revision }));
    say(`Version ${revision} is restored`);
  } catch (error) {
    fail(error);
  }
}

undoButton.addEventListener('click', () => before() && restore(before()));
for (const event of ['opened', 'saved']) work.addEventListener(event, () => load().catch(fail));
