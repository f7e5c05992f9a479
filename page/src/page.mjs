/** The page: puts its parts together when it is loaded. */
import { access } from './api.mjs';
import { check } from './checker.mjs';
import { allowWriting, loadTypes } from './composer.mjs';
import { focusEditor } from './editor.mjs';
import './export.mjs';
import { reload } from './library.mjs';
import './link.mjs';
import { fail } from './notices.mjs';
import './revisions.mjs';
import { signIn } from './session.mjs';
import './tabs.mjs';
import { allowSaving, openAddress } from './work.mjs';

async function begin() {
  const session = await signIn();
  limit(session);
  await Promise.all([loadTypes(), openAddress({ push: false })]);
}

/** Disable what this user may not do, and say why. */
function limit({ scopes, generation }) {
  const writes = scopes.includes('write');
  if (!writes) allowWriting(false, 'Your key may read only.');
  else if (generation) allowWriting(true);
  else allowWriting(false, 'No language model is set up on this server; you can write Mermaid below.');
  allowSaving(writes);
}

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  focusEditor();
});
access.addEventListener('authorized', ({ detail: session }) => {
  if (session) limit(session);
  loadTypes().catch(fail);
  check();
  reload();
});
begin().catch(fail);
