/** The user's session: asks for an API key if the server needs one. */
import { access, api } from './api.mjs';
import { key } from './key.mjs';

const dialog = document.getElementById('sign-in');
const field = document.getElementById('key');
const error = document.getElementById('key-error');
const signOut = document.getElementById('sign-out');

/**
 * What this user may do. Asks for a key until the server accepts one.
 *
 * @returns {Promise<{name: string, scopes: string[], key_required: boolean, generation: boolean}>}
 */
export async function signIn() {
  for (;;) {
    const session = await api.session();
    if (!session.key_required || session.scopes.length) {
      signOut.hidden = !key.value;
      return session;
    }
    await askForKey(key.value ? 'The server does not know this key.' : '');
  }
}

function askForKey(problem) {
  error.textContent = problem;
  field.value = '';
  if (!dialog.open) dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        key.value = field.value.trim();
        field.value = '';
        resolve();
      },
      { once: true },
    );
  });
}

dialog.addEventListener('cancel', (event) => event.preventDefault()); // nothing works without a key
signOut.addEventListener('click', () => {
  key.value = '';
  location.assign('./');
});

let asking = false;
access.addEventListener('unauthorized', async () => {
  if (asking || dialog.open) return;
  asking = true;
  key.value = ''; // what is in the editor stays
  const session = await signIn().catch(() => undefined);
  asking = false;
  access.dispatchEvent(new CustomEvent('authorized', { detail: session }));
});
