/**
 * Builds dist/mermaid.cjs (Mermaid without its renderers; the sources import it as `#mermaid`), and dist/server.mjs and
 * dist/parser.mjs, which the image runs. `node build.mjs mermaid` builds only the first: this takes the longest time, and
 * does not depend on the sources.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { load } from './mermaid/load.mjs';

const root = import.meta.dirname;
const mermaid = path.join(root, 'dist', 'mermaid.cjs');

// Packages and chunks that only renderers call: two thirds of Mermaid's size.
const RENDERING = [
  /^(katex|elkjs|elkjs\/.*|cytoscape.*|roughjs|d3-sankey|stylis|@upsetjs\/venn\.js|dagre-d3-es.*)$/,
  /\/(elk|dagre|cose-bilkent|swimlanes|bpmnIcons|sizeCapture)-[A-Z0-9]{8}\.mjs$/,
];

const withoutRenderers = {
  name: 'without-renderers',
  setup({ onResolve }) {
    const unused = path.join(root, 'mermaid', 'unused.cjs');
    for (const filter of RENDERING) onResolve({ filter }, () => ({ path: unused }));
    onResolve({ filter: /^dompurify$/ }, () => ({ path: path.join(root, 'mermaid', 'dompurify.mjs') }));
  },
};

// Mermaid's function that merges configurations. It is replaced by a faster one.
const OWN_ASSIGN = /var assignWithDepth = .*?\n\}, "assignWithDepth"\);\n/s;

const quickCopies = {
  name: 'quick-copies',
  setup({ onEnd, onLoad }) {
    let replaced = 0;
    onLoad({ filter: /mermaid\.core[\\/]chunk-[A-Z0-9]{8}\.mjs$/ }, async ({ path: file }) => {
      const own = await readFile(file, 'utf8');
      const contents = own.replace(OWN_ASSIGN, () => {
        replaced += 1;
        return `import { assignWithDepth } from ${JSON.stringify(path.join(root, 'mermaid', 'assign.mjs'))};\n`;
      });
      return { contents };
    });
    onEnd(() => {
      if (replaced !== 1) throw new Error(`Mermaid has ${replaced} functions assignWithDepth, not the one to replace`);
    });
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  legalComments: 'none',
  logLevel: 'warning',
  minify: true,
  platform: 'node',
  target: 'node24',
};

/** Run the bundler, which is only loaded if there is something to bundle. */
async function build(options) {
  const esbuild = await import('esbuild');
  await esbuild.build({ ...common, ...options });
}

/** Bundle Mermaid, unless the bundle was made from the same inputs. */
export async function buildMermaid() {
  const banner = `/* inputs: ${await fingerprint()} */`;
  const built = await readFile(mermaid, 'utf8').catch(() => '');
  if (built.startsWith(banner)) return;
  await build({
    entryPoints: ['mermaid/index.mjs'],
    format: 'cjs',
    plugins: [withoutRenderers, quickCopies],
    banner: { js: banner },
    footer: { js: 'module.exports = module.exports.default;' },
    outfile: mermaid,
  });
}

// In the parser's bundle Mermaid is not included, but read as a file, with its compiled code from V8. So a parser starts
// in half the time.
const mermaidBeside = {
  name: 'mermaid-beside',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^#mermaid$/ }, ({ path: name }) => ({ path: name, namespace: 'mermaid' }));
    onLoad({ filter: /.*/, namespace: 'mermaid' }, () => {
      const contents = `
        import { readFileSync } from 'node:fs';
        import { load } from './mermaid/load.mjs';
        const read = (name, encoding) => readFileSync(import.meta.dirname + '/' + name, encoding);
        export default load(read('mermaid.cjs', 'utf8'), read('mermaid.cache')).mermaid;`;
      return { contents, resolveDir: root };
    });
  },
};

/** Bundle the server and the parser into dist/, where the bundle of Mermaid must be already. */
export async function buildServer() {
  await compileMermaid();
  await build({
    entryPoints: { server: 'src/main.mjs', parser: 'src/parser.mjs' },
    format: 'esm',
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    plugins: [mermaidBeside],
  });
}

/** Parse a diagram of each type, and store V8's compiled code of Mermaid in dist/mermaid.cache. */
async function compileMermaid() {
  const { CATALOGUE } = await import('./src/catalogue.mjs');
  const { mermaid: parser, script } = load(await readFile(mermaid, 'utf8'));
  for (const { example } of CATALOGUE) await parser.parse(example);
  await writeFile(path.join(root, 'dist', 'mermaid.cache'), script.createCachedData());
}

/** A hash of all inputs of the bundle of Mermaid. */
async function fingerprint() {
  const hash = createHash('sha256');
  const shims = (await readdir(path.join(root, 'mermaid'))).sort().map((name) => path.join('mermaid', name));
  for (const name of ['build.mjs', 'pnpm-lock.yaml', ...shims])
    hash.update(await readFile(path.join(root, name)));
  return hash.digest('hex');
}

if (import.meta.main) {
  const [only] = process.argv.slice(2);
  await buildMermaid();
  if (only !== 'mermaid') await buildServer();
}
