/** Has diagrams drawn in the sandboxed frame, one at a time, and replaces the frame when a drawing never ends. */
const DRAW_WITHIN = 8000; // ms
const LOAD_WITHIN = 20000; // ms

let frame = document.getElementById('drawing');
let ready = loaded();
ready.catch(() => {});
let last = Promise.resolve();
let asked = 0;

/** Whether and when the frame can draw. */
export const whenReady = () => ready;

/**
 * Draw a diagram after those that were asked for before.
 *
 * @param {string} code
 * @param {'light'|'dark'} theme
 * @param {AbortSignal} [signal] aborted when nobody wants it any more: it is then not begun
 * @returns {Promise<{svg: string, width: number, height: number, title: string, description: string}>}
 * @throws {Error} Mermaid cannot draw it, or not in time; or `signal` was aborted
 */
export function draw(code, theme, signal) {
  const drawing = last.then(() => {
    signal?.throwIfAborted();
    return drawNow(code, theme);
  });
  last = drawing.catch(() => {});
  return drawing;
}

async function drawNow(code, theme) {
  await ready;
  asked += 1;
  const id = asked;
  frame.contentWindow.postMessage({ id, code, theme }, '*');
  const answer = await answered((data) => data.id === id, DRAW_WITHIN);
  if (!answer) {
    replace();
    throw new Error('Drawing this diagram does not end. Change it; the last picture stays.');
  }
  if (answer.error) throw new Error(answer.error);
  return answer.picture;
}

async function loaded() {
  const told = answered((data) => data.ready, LOAD_WITHIN);
  frame.contentWindow.postMessage({}, '*'); // it may have told so already, before this script was there to hear it
  if (!(await told)) throw new Error('What draws did not load. Reload the page.');
}

/** The first message of the frame that fits; null when none came in time. */
function answered(fits, within) {
  return new Promise((resolve) => {
    const listener = ({ source, data }) => {
      if (source === frame.contentWindow && fits(data)) end(data);
    };
    const timer = setTimeout(() => end(null), within);
    function end(result) {
      clearTimeout(timer);
      removeEventListener('message', listener);
      resolve(result);
    }
    addEventListener('message', listener);
  });
}

function replace() {
  const fresh = frame.cloneNode();
  frame.replaceWith(fresh);
  frame = fresh;
  ready = loaded();
  ready.catch(() => {});
}
