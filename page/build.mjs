/**
 * Builds dist/: the bundled and compressed files of the page. Each name contains a hash of the content.
 *
 * `node build.mjs` first installs the locked packages if they are missing. It does nothing if dist/ was built from the
 * same inputs. dist/ is replaced as a whole, so that a server never reads half of it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { install, isInstalled } from '../docker/mcp-server/install.mjs';

const root = import.meta.dirname;
const dist = path.join(root, 'dist');
const stamp = path.join(dist, '.built');

// The module that draws, and those that it imports for a flowchart, the most common type. Other types use ELK too.
const FIRST_DRAWN = [/^src\/drawing\//, /\/flowDiagram-\w+\.mjs$/, /\/elk-\w+\.mjs$/];

/** Build the page, unless dist/ is up to date. */
export async function build() {
  const inputs = await fingerprint();
  if ((await readFile(stamp, 'utf8').catch(() => '')) === inputs) return;
  if (!(await isInstalled(root))) await install(['--prod'], root);
  const files = { ...(await bundle()), '.built': inputs };
  const fresh = `${dist}.${process.pid}`;
  await mkdir(path.join(fresh, 'assets'), { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(fresh, name), content);
  await rm(dist, { recursive: true, force: true });
  await rename(fresh, dist);
}

/** The contents of all files, by their path in dist/. */
async function bundle() {
  const esbuild = await import('esbuild');
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: { page: 'src/page.mjs', drawing: 'src/drawing/drawing.mjs', style: 'src/style/page.css' },
    outdir: 'dist/assets',
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]', // Mermaid's types of diagrams: each is loaded when it is drawn for the first time
    bundle: true,
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    minify: true,
    splitting: true,
    target: ['chrome120', 'firefox121', 'safari17'],
    write: false,
  });
  const files = {};
  for (const { path: file, contents } of outputFiles) files[`assets/${path.basename(file)}.gz`] = compress(contents);
  const names = entries(metafile);
  names.scripts = scripts(metafile);
  const drawing = fill(await readFile(path.join(root, 'src/drawing/drawing.html'), 'utf8'), names);
  names['drawing.html'] = `drawing-${hash(drawing).slice(0, 8).toUpperCase()}.html`;
  files[`assets/${names['drawing.html']}.gz`] = compress(drawing);
  files['index.html.gz'] = compress(fill(await readFile(path.join(root, 'src/index.html'), 'utf8'), names));
  return files;
}

/** The hashed name of each entry by its plain name: page.js, drawing.js, style.css. */
function entries({ outputs }) {
  const names = Object.entries(outputs)
    .filter(([, { entryPoint }]) => /^src\//.test(entryPoint ?? ''))
    .map(([file]) => path.basename(file));
  return Object.fromEntries(names.map((name) => [name.replace(/-[A-Z0-9]{8}\./, '.'), name]));
}

/**
 * The HTML elements for the scripts of a first drawing: the module that draws, and the parts of Mermaid for a flowchart.
 *
 * Without these elements, each script would be loaded only after the one that imports it, and the largest, for the
 * layout, at the end. With them all are loaded at once, while the page still asks for the diagram.
 */
function scripts({ outputs }) {
  const entries = FIRST_DRAWN.map((part) => {
    const file = Object.keys(outputs).find((name) => part.test(outputs[name].entryPoint ?? ''));
    if (!file) throw new Error(`no module is called ${part} any more: name what a flowchart needs`);
    return file;
  });
  const all = new Set();
  const add = (file) => {
    if (all.has(file)) return;
    all.add(file);
    for (const { path: imported, kind } of outputs[file].imports) if (kind === 'import-statement') add(imported);
  };
  entries.forEach(add);
  const elements = [
    ...[...all].map((file) => `<link rel="modulepreload" href="${path.basename(file)}" />`),
    ...entries.map((file) => `<script type="module" src="${path.basename(file)}"></script>`),
  ];
  return elements.join('\n    ');
}

/** An HTML file with the hashed name in place of each `%NAME%`. */
function fill(html, names) {
  return html.replace(/%([\w.]+)%/g, (_, name) => {
    if (!names[name]) throw new Error(`nothing is built that is called ${name}`);
    return names[name];
  });
}

function compress(content) {
  return gzipSync(content, { level: 9 });
}

function hash(content) {
  return createHash('sha256').update(content).digest('hex');
}

/** A hash of all inputs of the build. */
async function fingerprint() {
  const sources = await readdir(path.join(root, 'src'), { recursive: true, withFileTypes: true });
  const names = sources.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const all = createHash('sha256');
  for (const name of [path.join(root, 'build.mjs'), path.join(root, 'pnpm-lock.yaml'), ...names.sort()])
    all.update(path.relative(root, name)).update(await readFile(name));
  return all.digest('hex');
}

if (import.meta.main) {
  await build().catch((error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  });
}
