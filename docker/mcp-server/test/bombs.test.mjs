/**
 * Diagrams that take Mermaid too long or too much memory: answered in time, while the server stays quick and
 * whole. The project's tests/engine/test_prod.py generates many others, for the container of production.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { best, BUNDLE, run, validate, watchHealth } from './running.mjs';

const ANSWERED_WITHIN = 2500; // ms

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

suite('bombs', () => {
  test('that are known are answered in time', async (t) => {
    const { url, child } = await run(t, {}, BUNDLE);
    for (const [name, code] of Object.entries(KNOWN)) {
      const ask = async () => {
        const { diagnosis, busy, ms } = await validate(url, code);
        assert.ok(busy || diagnosis, name);
        return ms;
      };
      const ms = await best(ask, ANSWERED_WITHIN);
      assert.ok(ms < ANSWERED_WITHIN, `${name}: ${Math.round(ms)} ms`);
    }
    assert.equal(child.exitCode, null);
  });

  test('that take too long are undecided, not invalid', async (t) => {
    const { url } = await run(t, {}, BUNDLE);
    const { diagnosis } = await validate(url, KNOWN['a block of a hundred million spaces']);
    const { valid, reason, errors } = diagnosis;
    assert.deepEqual([valid, errors], [null, []]);
    assert.match(reason, /^too large (to decide in time|for the memory of a parser)$/);
  });

  test('cost a parser once, however often they come', async (t) => {
    const { url } = await run(t, {}, BUNDLE);
    const code = KNOWN['a block of a hundred million spaces'];
    const lost = async () => Object.values((await (await fetch(`${url}/health`)).json()).pool.lost).reduce((a, b) => a + b);
    const first = await validate(url, code);
    assert.equal(first.diagnosis.valid, null);
    while ((await lost()) === 0) await setTimeout(10); // it counts when the killed parser has ended
    const again = await Promise.all(Array.from({ length: 20 }, () => validate(url, code)));
    for (const { diagnosis } of again) assert.deepEqual(diagnosis, first.diagnosis);
    assert.equal(await lost(), 1);
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
      // Two processes must wake for an answer: the server, and this one.
      t.diagnostic(`p99 ${health.toFixed(1)} ms, of which the machine may account for 2 x ${machine.toFixed(1)} ms`);
      return health - 2 * machine;
    };
    assert.ok((await best(measure, 10)) < 10);
  });
});
