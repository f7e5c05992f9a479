import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite, test } from 'node:test';
import { assignWithDepth } from '../mermaid/assign.mjs';
import { root } from './running.mjs';

const CASES = 5000;

/** Mermaid's own function, taken out of the package. */
async function readOwn() {
  const folder = path.join(root, 'node_modules', 'mermaid', 'dist', 'chunks', 'mermaid.core');
  for (const name of await readdir(folder)) {
    const text = name.endsWith('.mjs') ? await readFile(path.join(folder, name), 'utf8') : '';
    const found = /var assignWithDepth = .*?\n\}, "assignWithDepth"\);/s.exec(text);
    if (found) return new Function('__name', `${found[0]}\nreturn assignWithDepth;`)((it) => it);
  }
  throw new Error('Mermaid has no assignWithDepth any more');
}

/** Numbers from 0 to below 1 that are the same in every run (mulberry32). */
function createRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function createValue(random, depth) {
  const pick = (all) => all[Math.floor(random() * all.length)];
  if (depth === 0 || random() < 0.4) return pick([0, 1, '', 'text', true, false, null, undefined]);
  if (random() < 0.2) return Array.from({ length: 3 }, () => createValue(random, depth - 1));
  const made = {};
  for (let i = 0; i < 4; i += 1) {
    made[pick(['a', 'b', 'c', 'constructor', 'toString'])] = createValue(random, depth - 1);
  }
  return made;
}

suite('our assignWithDepth', () => {
  test("merges as Mermaid's own does", async () => {
    const own = await readOwn();
    const random = createRandom(1);
    for (let i = 0; i < CASES; i += 1) {
      const target = random() < 0.5 ? {} : createValue(random, 4);
      const source = createValue(random, 4);
      const options = random() < 0.5 ? undefined : { depth: Math.floor(random() * 4) };
      const copies = () => [structuredClone(target), structuredClone(source), options];
      const ours = assignWithDepth(...copies());
      assert.deepStrictEqual(ours, own(...copies()), JSON.stringify([target, source, options]));
    }
  });

  test('pollutes no prototype', () => {
    for (const target of [{}, { a: {} }, { a: { b: {} } }]) {
      const inner = '{"__proto__": {"x": 1}, "b": {"__proto__": {"x": 1}}}';
      assignWithDepth(target, JSON.parse(`{"__proto__": {"x": 1}, "a": ${inner}}`));
      assert.equal({}.x, undefined);
    }
  });

  test('leaves what it copies as it was', () => {
    const source = { theme: 'dark', flowchart: { padding: 1 }, secure: ['a'] };
    const copied = assignWithDepth({}, source);
    copied.flowchart.padding = 2;
    copied.secure.push('b');
    assert.deepStrictEqual(source, { theme: 'dark', flowchart: { padding: 1 }, secure: ['a'] });
  });
});
