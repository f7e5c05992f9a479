/**
 * What Mermaid's grammar accepts and its drawing refuses (seen in a browser with Mermaid 12.3) is told with its line.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { diagnose } from '../src/diagnosis.mjs';
import { readDiagrams } from './diagrams.mjs';

const UNDRAWABLE = [
  ['a month that is none', 3, /`2024-13-01` is no date/, 'gantt\n dateFormat YYYY-MM-DD\n A :a, 2024-13-01, 3d'],
  ['a quarter', 3, /`Q1 2024` is no date/, 'gantt\n dateFormat YYYY-MM-DD\n A :a, Q1 2024, 3d'],
  ['a task without a start', 3, /no start/, 'gantt\n section X\n A: 5d'],
  ['a date behind front matter', 6, /is no date/, '---\ntitle: x\n---\ngantt\n %% soon\n A :a, 2024-13-01, 3d'],
  ['a circle', 4, /from `C` to `A` closes a circle/, 'sankey\nA,B,10\nB,C,1\nC,A,5'],
  ['a relation to nothing', 3, /ends at `b`/, 'C4Context\n Person(a, "A")\n Rel(a, b, "x")'],
  ['a requirement that is none', 2, /ends at `a`/, 'requirementDiagram\n a - satisfies -> b'],
  ['a state within itself', 3, /`A` stands within itself/, 'stateDiagram-v2\n state A {\n A --> B\n }'],
  ['a note of a state within it', 3, /`A` stands within itself/, 'stateDiagram-v2\n state A {\n note right of A : x\n }'],
  ['a state within one within it', 4, /`A` stands within itself/, 'stateDiagram-v2\n state A {\n state B {\n A --> C\n }\n }'],
  ['two states within each other', 6, /stands within itself/, 'stateDiagram-v2\n state A {\n B --> C\n }\n state B {\n C --> A\n }'],
  ['a note about a state that is not there', 3, /about `B`/, 'stateDiagram-v2\n [*] --> A\n note right of B : x'],
  ['an activation of nobody', 3, /`C` is activated/, 'sequenceDiagram\n A->>B: x\n activate C'],
  ['no column, in two digits', 2, /at least one column/, 'block\n columns 00\n a'],
  ['no column', 2, /at least one column/, 'block\n columns 0\n a'],
  ['a chart of nothing', 1, /needs a `bar` or a `line`/, 'xychart\n title "x"'],
  ['a venn diagram of nothing', 1, /needs a set/, 'venn-beta'],
  [
    'two edges between the same two',
    5,
    /only one can be drawn/,
    'architecture-beta\n service a(server)[A]\n service b(server)[B]\n a:R --> L:b\n a:T --> B:b',
  ],
];

suite('what cannot be drawn', () => {
  for (const [name, line, message, code] of UNDRAWABLE) {
    test(`is told: ${name}`, async () => {
      const { valid, drawable, errors } = await diagnose(code);
      assert.deepEqual([valid, drawable, errors[0].line], [true, false, line]);
      assert.match(errors[0].message, message);
    });
  }

  const PAIR = 'architecture-beta\n service a(server)[A]\n service b(server)[B]\n';
  const DRAWN = {
    'two edges in two directions': `${PAIR} a:R -- L:b\n b:L -- R:a`,
    'an activation of a participant': 'sequenceDiagram\n A->>B: x\n activate B',
    'a note about a state of a relation': 'stateDiagram-v2\n A --> B\n note right of B : x',
    'a relation to a boundary': 'C4Context\n Boundary(b, "B") {\n Person(a, "A")\n }\n Rel(b, a, "x")',
    'a relation to a node': 'C4Deployment\n Deployment_Node(n, "N") {\n Container(a, "A")\n }\n Rel(a, n, "x")',
    'a state that is named within itself': 'stateDiagram-v2\n state A {\n A\n }',
    'two states that are named within each other': 'stateDiagram-v2\n state A {\n B\n }\n state B {\n A\n }',
    'a state of the same name within a state': 'stateDiagram-v2\n state A {\n state A {\n B\n }\n }',
  };
  for (const [name, code] of Object.entries(DRAWN)) {
    test(`is not: ${name}`, async () => {
      const { drawable, errors } = await diagnose(code);
      assert.deepEqual([drawable, errors], [name.startsWith('an activation') ? null : true, []]);
    });
  }

  const nested = (open, count, inner, close) => `${open.repeat(count)}${inner}${close.repeat(count)}`;
  const named = (count, part) => Array.from({ length: count }, (_, index) => part(index)).join('\n');
  const LARGE = {
    'states in states': `stateDiagram-v2\n${named(400, (n) => `state s${n} {`)}\n a --> b\n${nested('', 400, '', '}\n')}`,
    'many states': `stateDiagram-v2\n${named(400, (n) => `s${n} --> s${n + 1}`)}`,
    'blocks in blocks': `block\n${nested('block\n', 25, 'a\n', 'end\n')}`,
    'many blocks': `block\n${named(2000, (n) => `b${n}`)}`,
    'boundaries in boundaries': `C4Context\n${named(1000, (n) => `System_Boundary(b${n}, "B") {`)}\nSystem(a, "A")\n${'}\n'.repeat(1000)}`,
    'many systems': `C4Context\n${named(600, (n) => `System(s${n}, "S")`)}`,
    'groups in groups': `architecture-beta\n group g0(cloud)[G]\n${named(100, (n) => ` group g${n + 1}(cloud)[G] in g${n}`)}`,
    'many services': `architecture-beta\n${named(1000, (n) => ` service s${n}(server)[S]`)}`,
    'many tasks': `gantt\n dateFormat YYYY-MM-DD\n${named(1500, (n) => ` t${n} :2024-01-01, 3d`)}`,
    'many elements': `requirementDiagram\n${named(500, (n) => `element e${n} {\ntype: x\n}`)}`,
    'many flows': `sankey\n${named(600, (n) => `A${n},B${n},1`)}`,
    'many sets': `venn-beta\n${named(100, (n) => ` set A${n}`)}`,
    'many bars': `xychart\n bar [${named(1200, () => '1').replaceAll('\n', ',')}]`,
  };
  for (const [name, code] of Object.entries(LARGE)) {
    test(`is not known of what takes too long: ${name}`, async () => {
      const { valid, drawable, reason, errors } = await diagnose(code);
      assert.deepEqual([valid, drawable, errors], [true, null, []]);
      assert.match(reason, /^(nested \d+ deep|made of \d+ parts): drawing it may take very long$/);
    });
  }

  test('is none of the diagrams that are drawn', async () => {
    for (const { code } of readDiagrams().filter(({ line }) => line === null)) {
      const { drawable, errors } = await diagnose(code);
      assert.notEqual(drawable, false, `${code}\n${JSON.stringify(errors)}`);
      assert.deepEqual(errors, []);
    }
  });
});
