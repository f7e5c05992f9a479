/** The versions of the open diagram: list, view and restore them, and undo, which restores the previous one. */
import { api } from './api.mjs';
import { button } from './button.mjs';
import { fail, say } from './notices.mjs';
import { adopt, revise, save, work } from './work.mjs';
import { age } from './time.mjs';

const PAGE = 50;

const list = document.getElementById('revisions');
const undoButton = document.getElementById('undo');
const none = document.getElementById('no-revisions');
const more = document.getElementById('more-revisions');
let versions = { items: [], next: null }; // newest first; `next` asks for the earlier ones
let asked = 0;

/** List the versions, newest first, as many as undo needs. */
async function load() {
  asked += 1;
  const turn = asked;
  const { diagram } = work;
  const found = { items: [], next: null };
  if (diagram?.id)
    do await extend(found, diagram);
    while (found.next && !before(found.items));
  if (turn === asked) show(found); // else it is another diagram or version by now
}

async function extend(found, { id }) {
  const { items, next } = await api.revisions(id, { limit: PAGE, ...(found.next && { before: found.next }) });
  found.items.push(...items);
  found.next = next;
}

async function showMore() {
  const turn = asked;
  const found = { ...versions, items: [...versions.items] };
  await extend(found, work.diagram);
  if (turn !== asked) return;
  const focused = versions.items.length;
  show(found);
  list.children[focused]?.querySelector('button')?.focus();
}

function show(found) {
  versions = found;
  list.replaceChildren(...found.items.map(entry));
  none.hidden = found.items.length > 0;
  more.hidden = !found.next;
  undoButton.disabled = !before(found.items);
}

/**
 * The version that undo restores. The restored code becomes the newest version. The next undo continues from the place
 * where that code was first, so it does not go back to what was undone.
 */
function before(items) {
  const numbered = (number) => items.find(({ revision }) => revision === number);
  let place = items[0];
  while (place?.restored) place = numbered(place.restored);
  return place && numbered(place.revision - 1);
}

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
  else item.append(button('Restore', () => restore(revision), { label: `Restore version ${revision.revision}` }));
  return item;
}

function said({ change, source, revision, restored }) {
  if (restored) return `Version ${restored} restored`;
  if (change) return change;
  if (source === 'caller') return revision === 1 ? 'Own code' : 'Edited by hand';
  return 'Written from a description';
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

more.addEventListener('click', () => showMore().catch(fail));
undoButton.addEventListener('click', () => {
  const target = before(versions.items);
  if (target) restore(target);
});
for (const event of ['opened', 'saved']) work.addEventListener(event, () => load().catch(fail));
