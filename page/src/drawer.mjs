/**
 * Has diagrams drawn in the sandboxed frame, one at a time. The frame is replaced when a drawing never ends, and when its
 * scripts did not come: a browser drops its connections when a laptop changes from one network to another.
 */
const DRAW_WITHIN = 8000; // ms
const LOAD_WITHIN = 20000; // ms
const ANSWER_WITHIN = 2000; // ms after its scripts have run
const TRIES = 3; // a network that has just changed may change again

let frame = document.getElementById('drawing');
let ready = loaded(); // whether the frame can draw
let last = Promise.resolve();
let asked = 0;

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
  let answer = null;
  for (let tries = TRIES; tries && (!answer || answer.missing); tries -= 1) answer = await ask(code, theme);
  if (answer.error) throw new Error(answer.error);
  return answer.picture;
}

/** What the frame says to a diagram; `missing` where a script for it did not come, and there is a new frame to be asked. */
async function ask(code, theme) {
  if (!(await ready)) {
    replace();
    return { missing: true, error: 'What draws did not load. Change the code, or reload the page, to try again.' };
  }
  asked += 1;
  const id = asked;
  frame.contentWindow.postMessage({ id, code, theme }, '*');
  const answer = await answered((data) => data.id === id, DRAW_WITHIN);
  if (!answer || answer.missing) replace();
  return answer ?? { error: 'Drawing this diagram does not end. Change it; the last picture stays.' };
}

/** Whether the frame can draw, once that is known. */
async function loaded() {
  const told = answered((data) => data.ready, LOAD_WITHIN);
  // When a frame has loaded, its scripts have run, or did not come. The page has loaded when its first frame has.
  const loading = document.readyState === 'complete' ? frame : window;
  const failed = new Promise((resolve) => {
    loading.addEventListener('load', () => setTimeout(resolve, ANSWER_WITHIN, null), { once: true });
  });
  frame.contentWindow.postMessage({}, '*'); // it may have told so already, before this script was there to hear it
  return Boolean(await Promise.race([told, failed]));
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
}
