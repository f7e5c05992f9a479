/** The stored diagrams: listed, searched, opened, deleted and restored. */
import { api } from './api.mjs';
import { button } from './button.mjs';
import { isWriting } from './composer.mjs';
import { fail, say, tell } from './notices.mjs';
import { age } from './time.mjs';
import { mayLeave, open, openStored, work } from './work.mjs';

const PAGE = 30;
const PAUSE = 250; // ms after the last key

const list = document.getElementById('diagrams');
const search = document.getElementById('search');
const more = document.getElementById('more');
const none = document.getElementById('no-diagrams');
const deletedButton = document.getElementById('show-deleted');
const panel = document.getElementById('library');
const menu = document.getElementById('show-library');
let asked = 0;
let answered = 0;
let next = null;
let timer;

const showsDeleted = () => deletedButton.getAttribute('aria-pressed') === 'true';

/** List the diagrams, newest first. */
export async function reload() {
  next = null;
  await load([]);
}

async function load(kept) {
  asked += 1;
  const turn = asked;
  const query = { limit: PAGE };
  if (next) query.before = next;
  if (search.value.trim()) query.search = search.value.trim();
  if (showsDeleted()) query.deleted = true;
  try {
    const page = await api.list(query);
    if (turn !== asked) return;
    answered = turn;
    next = page.next;
    show(kept, page.items);
    none.textContent = search.value.trim() ? 'Nothing is found.' : showsDeleted() ? 'Nothing is deleted.' : 'What you save is listed here.';
  } catch (error) {
    if (turn !== asked) return;
    answered = turn;
    list.replaceChildren(...kept);
    none.textContent = error.message;
    next = null;
  }
  none.hidden = list.children.length > 0;
  more.hidden = !next;
}

/** List diagrams behind the entries that are kept. A list of the same stays as it is: a button that is pressed gets its click. */
function show(kept, diagrams) {
  const items = [...kept, ...diagrams.map(entry)];
  const there = [...list.children];
  const same = items.length === there.length && items.every((item, at) => item.dataset.shown === there[at].dataset.shown);
  if (!same) list.replaceChildren(...items);
  for (const { dataset, firstElementChild: name } of list.children) {
    if (dataset.id === work.diagram?.id && !showsDeleted()) name.setAttribute('aria-current', 'page');
    else name.removeAttribute('aria-current');
  }
}

function entry(diagram) {
  const item = document.createElement('li');
  const name = document.createElement(showsDeleted() ? 'span' : 'a');
  name.className = 'name';
  const words = document.createElement('span');
  words.textContent = diagram.title;
  const when = document.createElement('small');
  when.textContent = [diagram.diagram_type?.replace(/-v2$/, ''), age(diagram.updated_at)].filter(Boolean).join(' · ');
  name.append(words, when);
  item.dataset.id = diagram.id;
  item.dataset.shown = [diagram.id, showsDeleted(), name.textContent].join();
  if (showsDeleted()) item.append(name, act('Restore', diagram, () => restore(diagram, item)));
  else {
    name.href = `?diagram=${diagram.id}`;
    name.addEventListener('click', (event) => choose(event, diagram));
    item.append(name, act('Delete', diagram, () => remove(diagram, item)));
  }
  return item;
}

const act = (text, { title }, run) => button(text, run, { className: 'quiet', label: `${text} ${title}` });

/** Whether another diagram may be opened. Asks the user whether to save the code in the editor. */
const mayOpen = async () => isWriting() || mayLeave();

async function choose(event, diagram) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
  event.preventDefault();
  try {
    if (!(await mayOpen())) return;
    await openStored(diagram.id);
    close();
  } catch (error) {
    fail(error);
  }
}

async function remove(diagram, item) {
  try {
    await api.remove(diagram.id);
  } catch (error) {
    fail(error);
    return;
  }
  const nextButton = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector('button');
  // A list that came meanwhile, or is on its way, was made before the diagram was deleted.
  if (asked !== answered || !item.isConnected) await reload();
  else item.remove();
  (nextButton?.isConnected ? nextButton : search).focus();
  if (diagram.id === work.diagram?.id) open(null);
  tell(`“${diagram.title}” is deleted. It can be restored for 30 days.`, { text: 'Undo', run: () => restore(diagram) });
}

async function restore(diagram, item) {
  try {
    await api.restore(diagram.id);
    item?.remove();
    say(`${diagram.title} is restored`);
    deletedButton.setAttribute('aria-pressed', 'false');
    await reload();
    if (await mayOpen()) await openStored(diagram.id);
  } catch (error) {
    fail(error);
  }
}

function close() {
  panel.classList.remove('is-open');
  menu.setAttribute('aria-expanded', 'false');
}

menu.addEventListener('click', () => {
  const opened = panel.classList.toggle('is-open');
  menu.setAttribute('aria-expanded', String(opened));
  if (opened) document.getElementById('new').focus();
});
panel.addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape' || !panel.classList.contains('is-open')) return;
  close();
  menu.focus();
});
document.getElementById('new').addEventListener('click', async () => {
  if (!(await mayOpen())) return;
  open(null);
  close();
  document.getElementById('prompt').focus();
});
search.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(reload, PAUSE);
});
deletedButton.addEventListener('click', () => {
  deletedButton.setAttribute('aria-pressed', String(!showsDeleted()));
  reload();
});
more.addEventListener('click', () => load([...list.children]));
for (const event of ['opened', 'saved']) work.addEventListener(event, reload);
