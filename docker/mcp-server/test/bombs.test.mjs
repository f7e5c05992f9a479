/**
 * Diagrams that take Mermaid too long or too much memory: answered in time, while the server stays quick and
 * whole.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { CATALOGUE } from '../src/catalogue.mjs';
import { best, BUNDLE, run, validate, watchHealth } from './running.mjs';

const ANSWERED_WITHIN = 2500; // ms
const GENERATED = 200;
const SEED = 20_261_123;

const lines = (count, line) => Array.from({ length: count }, (_, index) => line(index)).join('\n');

const yamlTwice = (i) => `  a${i + 1}: &a${i + 1} {l: *a${i}, r: *a${i}}`;

const KNOWN = {
  'a block of a hundred million spaces': 'block\nspace:99999999',
  'many bars': `xychart\nbar [${lines(9000, () => '1').replaceAll('\n', ',')}]`,
  'one relation, again and again': `classDiagram\n${lines(6000, () => 'A<|--B')}`,
  'a long sankey': `sankey\n${lines(2000, (i) => `a${i},b${i},1`)}`,
  'subgraphs within subgraphs': `flowchart TD\n${lines(4000, () => 'subgraph a')}`,
  'states within states': `stateDiagram-v2\n${lines(3000, (i) => `state s${i} {`)}`,
  'YAML that doubles': `---\nconfig:\n  a0: &a0 {x: 1}\n${lines(25, yamlTwice)}\n---\npie\n"a" : 1`,
  'directives without end': `${'%%{init: '.repeat(4000)}\nflowchart TD`,
  'comments only': `${'%% \n'.repeat(12_000)}flowchart`,
  'one long word': `flowchart TD\n${'a'.repeat(49_000)}`,
  brackets: `flowchart TD\nA${'['.repeat(45_000)}`,
  ticks: '`'.repeat(50_000),
  blanks: `${' \n'.repeat(24_000)}x`,
  'a mindmap of one branch': `mindmap\n${lines(300, (i) => `${' '.repeat(i)}n`)}`,
  'many gantt tasks after each other': `gantt\n${lines(1500, (i) => `t${i} :i${i}, after i${i + 1}, 1d`)}`,
};

// Words of every grammar, from the examples: what they are put together to is seldom a diagram, but always
// looks like one.
const words = [...new Set(CATALOGUE.flatMap(({ example }) => example.match(/\w+|[^\w\s]+|\n *| /g)))];
const token = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 1e9 }).map(String) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
);
const piece = fc.array(token, { minLength: 1, maxLength: 8 }).map((tokens) => tokens.join(''));
const bomb = fc
  .record({
    start: fc.constantFrom(
      ...CATALOGUE.map(({ example }) => example),
      ...CATALOGUE.map(({ keyword }) => `${keyword}\n`),
    ),
    parts: fc.array(
      fc.record({ piece, times: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 5000 })) }),
      { minLength: 1, maxLength: 4 },
    ),
    between: fc.constantFrom('', ' ', '\n', '\n  ', ',', '-->'),
  })
  .map(({ start, parts, between }) => {
    const text = parts.map((part) => `${part.piece}${between}`.repeat(part.times)).join('\n');
    return `${start}\n${text}`.slice(0, 50_000);
  });

suite('bombs', () => {
  test('that are known are answered in time', async (t) => {
    const { url, child } = await run(t, {}, BUNDLE);
    for (const [name, code] of Object.entries(KNOWN)) {
      const { diagnosis, busy, ms } = await validate(url, code);
      const answer = busy ? 'busy' : JSON.stringify(diagnosis);
      assert.ok(answer && ms < ANSWERED_WITHIN, `${name}: ${answer} after ${Math.round(ms)} ms`);
    }
    assert.equal(child.exitCode, null);
  });

  test('two at a time leave the health below 10 ms', async (t) => {
    const { url } = await run(t, {}, BUNDLE);
    const codes = Object.values(KNOWN);
    const bombard = async (index) => {
      for (const code of codes.slice(index * 2, index * 2 + 2)) {
        const { diagnosis, busy } = await validate(url, code);
        assert.ok(diagnosis || busy, code.slice(0, 30));
      }
    };
    const measure = async () => {
      const { health, machine } = await watchHealth(url, Promise.all([bombard(0), bombard(1)]));
      t.diagnostic(`p99 ${health.toFixed(1)} ms, of which the machine may account for ${machine.toFixed(1)} ms`);
      return health - machine;
    };
    assert.ok((await best(measure, 10)) < 10);
  });

  test(`that are generated (${GENERATED}) are answered in time`, async (t) => {
    const { url, child } = await run(t, {}, BUNDLE);
    let slowest = 0;
    const property = fc.asyncProperty(bomb, async (code) => {
      const { diagnosis, busy, ms } = await validate(url, code);
      slowest = Math.max(slowest, ms);
      assert.ok(ms < ANSWERED_WITHIN, `${Math.round(ms)} ms`);
      assert.ok(busy || diagnosis.valid || diagnosis.errors[0].message.length < 1000);
    });
    await fc.assert(property, { numRuns: GENERATED, seed: SEED, endOnFailure: true });
    const { status, pool } = await (await fetch(`${url}/health`)).json();
    t.diagnostic(`slowest ${Math.round(slowest)} ms, parsers lost ${JSON.stringify(pool.lost)}`);
    assert.equal(status, 'healthy');
    assert.equal(child.exitCode, null);
  });
});
