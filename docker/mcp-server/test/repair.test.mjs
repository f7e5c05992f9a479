/**
 * A bracket or a quote that is missing is told in the line where it is missing, and nothing that only Mermaid's
 * own source knows is told at all.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { diagnose } from '../src/diagnosis.mjs';
import { readDiagrams } from './diagrams.mjs';

const MISSING = {
  'a quote, told by the parser in the next line': [2, 'pie\n"Dogs : 386\n"Cats" : 85'],
  'a quote, told three lines later': [2, 'gitGraph\n  commit id:"A\n  branch b\n  commit\n  commit id:"B"'],
  'a quote among others of its line': [3, 'C4Context\n  Person(a, "A")\n  System_Boundary(b, B") {\n    System(c, "C")\n  }'],
  'a quote before a colon': [3, 'treemap-beta\n"Root"\n  "One: 1\n  "Two": 2'],
  'a closing bracket of a node': [2, 'flowchart LR\n  A[Req] --> B{OK?\n  B --> C[Done]'],
  'an opening bracket of a node': [3, 'kanban\n  root(Root)\n    childChild)\n    a(a)'],
  'a closing bracket of a list': [3, 'quadrantChart\n  A: [0.1, 0.2]\n  B: [0.3, 0.4\n  C: [0.5, 0.6]'],
  'the brace that opens a block': [2, 'classDiagram\n  class Duck\n    +swim()\n    +quack()\n  }'],
  'the brace that opens a later block': [5, 'erDiagram\n  A {\n    int id\n  }\n  B\n    int id\n  }'],
  'the brace that closes a block': [4, 'requirementDiagram\n  requirement a {\n    id: 1\n\n  element b {\n    type: x\n  }'],
  'the brace that closes the last block': [3, 'stateDiagram-v2\n  state A {\n    b --> c'],
  'the brace that opens a block around another': [3, 'stateDiagram-v2\n  [*] --> A\n  state A\n    state B {\n      c --> d\n    }\n  }'],
  'a quote before the bracket that closes': [2, 'C4Context\n  Person(a, "Who buys.)\n  Person(b, "B")'],
  'a bracket between a quote and a brace': [2, 'C4Context\n  System_Boundary(b, "B" {\n    System(c, "C")\n  }'],
  'a brace before blanks': [2, 'sequenceDiagram\n  participant A@{ "type" : "entity" \n  actor B\n  A->>B: hi'],
  'a brace of the settings': [1, '%%{init: {"look": "handDrawn"} %%\nflowchart TD\n  A --> B'],
  'with Windows line ends': [2, 'pie\r\n"Dogs : 386\r\n"Cats" : 85'],
  'behind front matter': [5, '---\ntitle: Pets\n---\npie\n"Dogs : 386\n"Cats" : 85'],
};

suite('what is missing', () => {
  for (const [name, [line, code]] of Object.entries(MISSING)) {
    test(`is told in its line: ${name}`, async () => {
      const { valid, errors } = await diagnose(code);
      assert.equal(valid, false);
      assert.equal(errors[0].line, line, errors[0].message);
      assert.match(errors[0].message, /missing|not closed|not opened/);
    });
  }

  test('is not looked for beyond the time', async () => {
    const started = performance.now();
    const lines = Array.from({ length: 400 }, (_, index) => `  A${index}["a(b] --> B${index}`);
    const { valid } = await diagnose(`flowchart TD\n${lines.join('\n')}`);
    assert.equal(valid, false);
    assert.ok(performance.now() - started < 10_000);
  });
});

/** The text with a fix applied, as a caller would. */
function apply(code, { line, column, remove, insert }) {
  const lines = code.split('\n');
  const text = lines[line - 1];
  lines[line - 1] = text.slice(0, column - 1) + insert + text.slice(column - 1 + remove);
  return lines.join('\n');
}

const FIXES = {
  'flowchart LR\n  A[Order --> B': 'flowchart LR\n  A[Order] --> B',
  'flowchart LR\n  A -> B': 'flowchart LR\n  A --> B',
  'flowchart LR\n  A → B': 'flowchart LR\n  A --> B',
  'flowchat LR\n  A --> B': 'flowchart LR\n  A --> B',
  'sequenceDiagram\n  loop often\n  A->>B: hi\n': 'sequenceDiagram\n  loop often\n  A->>B: hi\nend\n',
  '```mermaid\r\nflowchart LR\r\n  A[Order --> B\r\n```': '```mermaid\r\nflowchart LR\r\n  A[Order] --> B\r\n```',
};

suite('a fix', () => {
  for (const [code, wanted] of Object.entries(FIXES)) {
    test(`mends ${JSON.stringify(code)}`, async () => {
      const { errors } = await diagnose(code);
      assert.equal(apply(code, errors[0].fix), wanted);
    });
  }

  test('makes the whole diagram valid wherever one is offered', async () => {
    for (const code of [...Object.values(MISSING).map(([, text]) => text), ...readDiagrams().map(({ code }) => code)]) {
      const { errors } = await diagnose(code);
      for (const { fix } of errors.filter((error) => error.fix)) {
        assert.equal((await diagnose(apply(code, fix))).valid, true, code);
      }
    }
  });

  test('is not offered where two changes are needed', async () => {
    const { errors } = await diagnose('flowchart LR\n  A -> B\n  B -> C');
    assert.equal(errors[0].fix, null);
  });
});

suite('no message', () => {
  // What JavaScript says, what the grammars call their tokens, and how the minifier names things.
  const INTERNAL =
    /Cannot (read|set)|is not a function|undefined|-->.*<--|token of type|\b(teststr|verifymthd|idstring|spacelist|node.?string|md.?parent|attribute.?word|generictype)\b/i;

  const KNOWN = [
    'graph TD\n A-->',
    'graph TD\n A-->B\n linkStyle 1 stroke:red',
    'graph TD\n subgraph\n A\n end',
    'gantt\n topAxis',
    'timeline\n : x',
    'usecase-beta\nactor a\nsystemBoundary b\nsystemBoundary c',
    'requirementDiagram\n requirement a {\n id: 1\n foo: x\n}',
    'erDiagram\n A ||--',
    'gantt\n A :done',
  ];

  test('holds what only the source of Mermaid knows', async () => {
    // Every diagram of ours, cut off at the end of each of its words.
    const cut = readDiagrams().flatMap(({ code }) =>
      [...code.matchAll(/\s+/g)].filter((_, index) => index % 3 === 0).map(({ index }) => code.slice(0, index)),
    );
    for (const code of [...KNOWN, ...cut]) {
      for (const { message } of (await diagnose(code)).errors) assert.doesNotMatch(message, INTERNAL, code);
    }
  });
});
