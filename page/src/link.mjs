/** Copies a link to the open diagram. */
import { tell } from './notices.mjs';
import { work } from './work.mjs';

document.getElementById('copy-link').addEventListener('click', async () => {
  const link = new URL(`?diagram=${work.diagram.id}`, document.baseURI).href;
  tell((await copy(link)) ? 'The link is copied.' : `The link: ${link}`);
});

/** Copy a text. Browsers do not allow the newer API for pages without HTTPS, so there is an older way too. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand('copy');
    field.remove();
    return copied;
  }
}
