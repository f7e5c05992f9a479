/** Saves the picture as a file. It is drawn again in the light theme, which fits into documents. */
import { draw } from './drawer.mjs';
import { fail, say } from './notices.mjs';
import { shownCode } from './picture.mjs';

const SCALE = 2; // pixels of the PNG for one of the picture
const LARGEST = 8192; // pixels of a side; browsers refuse larger ones

function save(blob, extension) {
  const title = document.getElementById('title').value.trim() || 'diagram';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 60) || 'diagram'}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`${link.download} is saved`);
}

async function exportSvg() {
  const { svg } = await draw(shownCode(), 'light');
  save(new Blob([`<?xml version="1.0" encoding="UTF-8"?>\n${svg}`], { type: 'image/svg+xml' }), 'svg');
}

async function exportPng() {
  const { svg, width, height } = await draw(shownCode(), 'light');
  const scale = Math.min(SCALE, LARGEST / width, LARGEST / height);
  const image = new Image();
  // data: and not blob:. With blob:, some browsers do not let pixels be read if the picture contains HTML.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The browser cannot make a PNG of this size. Export SVG instead.');
  save(blob, 'png');
}

document.getElementById('export-svg').addEventListener('click', () => exportSvg().catch(fail));
document.getElementById('export-png').addEventListener('click', () => exportPng().catch(fail));
