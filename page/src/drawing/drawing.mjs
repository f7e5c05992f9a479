/**
 * Draws diagrams in a frame of its own: asked by a message `{id, code, theme}`, it answers `{id, picture}` or
 * `{id, error}`, with `missing: true` where a part of Mermaid did not come. It tells `{ready: true}` once it can, and again where it is asked by a message without an id: the page may
 * begin to listen later.
 *
 * The frame is sandboxed without an origin. Whatever a diagram's text makes of Mermaid, it reaches neither the page
 * nor its API key, and a drawing that never ends holds up the frame alone; the page then puts a new one in its place.
 */
import mermaid from 'mermaid';
import { clean } from './clean.mjs';
import { configuration } from './themes.mjs';

// What Chromium and Safari, and what Firefox says of an import that failed; the standard has no name for it.
const MISSING = /dynamically imported module|importing a module script failed/i;

let drawn = 0;

/**
 * Draw one diagram.
 *
 * @param {string} code
 * @param {'light'|'dark'} theme
 * @returns {Promise<{svg: string, width: number, height: number, title: string, description: string}>} sizes in pixels
 * @throws {Error} Mermaid's own, when it cannot
 */
async function draw(code, theme) {
  mermaid.initialize(configuration(theme));
  drawn += 1;
  const { svg } = await mermaid.render(`diagram-${drawn}`, code);
  return clean(svg);
}

function words(error) {
  if (error?.name === 'EncodingError') return 'It holds an image from elsewhere, and nothing is fetched for a diagram.';
  return String(error?.message ?? error);
}

addEventListener('message', async ({ data, source }) => {
  if (source !== parent) return;
  const { id, code, theme } = data;
  if (!id) return parent.postMessage({ ready: true }, '*');
  const answer = await draw(code, theme).then(
    (picture) => ({ picture }),
    (error) => ({ error: words(error), missing: MISSING.test(error?.message) }),
  );
  parent.postMessage({ id, ...answer }, '*');
});

parent.postMessage({ ready: true }, '*');
