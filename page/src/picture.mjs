/** The picture of the diagram: an image, which runs no scripts; zoomed and moved with mouse, wheel and keyboard. */
import { draw } from './drawer.mjs';

const STEP = 1.25;
const [SMALLEST, LARGEST] = [0.1, 8];

const sheet = document.getElementById('sheet');
const image = document.getElementById('picture');
const dark = matchMedia('(prefers-color-scheme: dark)');

let shown = null; // the picture and its code
let zoom = 0; // 0 fits it into the sheet

/**
 * Draw a diagram and show it. If that fails, the last picture stays.
 *
 * @param {string} code
 * @param {AbortSignal} [signal] aborted when the code has changed: then the picture is not shown
 * @param {{whole?: boolean}} [options] `whole` is false while a model still writes: then the picture cannot be saved
 * @throws {Error} Mermaid cannot draw it, or `signal` was aborted
 */
export async function showPicture(code, signal, { whole = true } = {}) {
  const picture = await draw(code, dark.matches ? 'dark' : 'light', signal);
  signal?.throwIfAborted();
  shown = { ...picture, code, whole };
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(new Blob([picture.svg], { type: 'image/svg+xml' }));
  image.alt = [picture.title || 'The diagram', picture.description].filter(Boolean).join('. ');
  image.hidden = false;
  document.getElementById('nothing').hidden = true;
  markStale(false);
  resize();
  enableExport();
}

/** Remove the picture. */
export function clearPicture() {
  shown = null;
  image.hidden = true;
  image.removeAttribute('src');
  document.getElementById('nothing').hidden = false;
  markStale(false);
  enableExport();
}

/** Mark the picture as one of earlier code, or not. */
export function markStale(stale) {
  document.getElementById('stale').hidden = !(stale && shown);
  sheet.classList.toggle('is-stale', stale && Boolean(shown));
}

/** The code of the shown picture, '' if there is none. */
export const shownCode = () => shown?.code ?? '';

function enableExport() {
  for (const id of ['export-svg', 'export-png']) document.getElementById(id).disabled = !shown?.whole;
}

function fitting() {
  const room = getComputedStyle(sheet);
  const width = sheet.clientWidth - parseFloat(room.paddingLeft) - parseFloat(room.paddingRight);
  const height = sheet.clientHeight - parseFloat(room.paddingTop) - parseFloat(room.paddingBottom);
  return Math.max(Math.min(width / shown.width, height / shown.height, 1.6), 0.01);
}

function resize() {
  if (!shown) return;
  const scale = zoom || fitting();
  image.width = shown.width * scale;
  image.height = shown.height * scale;
}

function zoomBy(factor) {
  if (!shown) return;
  const before = zoom || fitting();
  zoom = Math.min(Math.max(before * factor, SMALLEST), LARGEST);
  const centre = [sheet.scrollLeft + sheet.clientWidth / 2, sheet.scrollTop + sheet.clientHeight / 2];
  resize();
  const grown = zoom / before;
  sheet.scrollTo(centre[0] * grown - sheet.clientWidth / 2, centre[1] * grown - sheet.clientHeight / 2);
}

function fit() {
  zoom = 0;
  resize();
}

document.getElementById('zoom-in').addEventListener('click', () => zoomBy(STEP));
document.getElementById('zoom-out').addEventListener('click', () => zoomBy(1 / STEP));
document.getElementById('zoom-fit').addEventListener('click', fit);
sheet.addEventListener('keydown', ({ key }) => {
  if (key === '+' || key === '=') zoomBy(STEP);
  if (key === '-') zoomBy(1 / STEP);
  if (key === '0') fit();
});
sheet.addEventListener(
  'wheel',
  (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? STEP : 1 / STEP);
  },
  { passive: false },
);
sheet.addEventListener('pointerdown', (event) => {
  if (event.pointerType !== 'mouse' || event.button !== 0) return;
  const from = [event.clientX + sheet.scrollLeft, event.clientY + sheet.scrollTop];
  const move = ({ clientX, clientY }) => sheet.scrollTo(from[0] - clientX, from[1] - clientY);
  sheet.setPointerCapture(event.pointerId);
  sheet.addEventListener('pointermove', move);
  sheet.addEventListener('lostpointercapture', () => sheet.removeEventListener('pointermove', move), { once: true });
});
new ResizeObserver(resize).observe(sheet);
dark.addEventListener('change', () => shown && showPicture(shown.code, null, shown).catch(() => markStale(true)));
