import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CATALOGUE } from '../src/catalogue.mjs';
import { diagnose } from '../src/diagnosis.mjs';
import { readDiagrams } from './diagrams.mjs';

const diagrams = readDiagrams();
const label = ({ type, code }) => `${type} ${JSON.stringify(code.slice(-50))}`;

// What may stand around a diagram, and how many lines it adds before it.
const SURROUNDINGS = {
  'leading blanks': [(code) => `\n\n  \n${code}`, 3],
  comments: [(code) => `%% one\n%% two\n${code}`, 2],
  'a directive': [(code) => `%%{init: {"theme": "dark"}}%%\n${code}`, 1],
  'a directive of many lines': [(code) => `%%{\n  init: {\n    "theme": "dark"\n  }\n}%%\n${code}`, 5],
  'front matter': [(code) => `---\ntitle: T\nconfig:\n  theme: dark\n---\n\n${code}`, 6],
  'a Markdown fence': [(code) => `\`\`\`mermaid\n${code}\n\`\`\``, 1],
  'all of them': [(code) => `\n~~~mermaid\n---\ntitle: T\n---\n%%{init: {}}%%\n\n%% a\n${code}\n~~~`, 8],
};

suite("the project's own diagrams", () => {
  test('are at least three valid and two invalid ones of each type', () => {
    const types = new Set(diagrams.map(({ type }) => type));
    assert.equal(types.size, 38);
    for (const type of types) {
      const [valid, invalid] = [true, false].map((wanted) => {
        return diagrams.filter((diagram) => diagram.type === type && (diagram.line === null) === wanted)
          .length;
      });
      assert.ok(valid >= 3 && invalid >= 2, `${type}: ${valid} valid, ${invalid} invalid`);
    }
  });

  for (const diagram of diagrams) {
    test(`are judged right: ${label(diagram)}`, async () => {
      const { valid, diagram_type: type, errors } = await diagnose(diagram.code);
      if (diagram.line === null) {
        assert.deepEqual({ valid, type, errors }, { valid: true, type: diagram.type, errors: [] });
      } else {
        assert.equal(valid, false);
        assert.equal(errors[0].line, diagram.line, JSON.stringify(errors));
        assert.equal(errors[0].excerpt, diagram.code.split('\n')[diagram.line - 1]);
        assert.ok(errors[0].column >= 1 && errors[0].column <= errors[0].excerpt.length + 1);
      }
    });
  }

  test('are judged the same in any order', async () => {
    const forwards = [];
    for (const { code } of diagrams) forwards.push(await diagnose(code));
    for (const { code } of diagrams.toReversed())
      assert.deepEqual(await diagnose(code), forwards.pop(), code);
  });
});

suite('lines are those of the text that was sent', () => {
  const bare = diagrams.filter(({ line, code }) => line !== null && !/^\s*(---|```)/.test(code));
  for (const [name, [surround, shift]] of Object.entries(SURROUNDINGS)) {
    for (const lineEnd of ['\n', '\r\n']) {
      test(`within ${name}${lineEnd === '\n' ? '' : ', with Windows line ends'}`, async () => {
        for (const diagram of bare) {
          const code = surround(diagram.code).replaceAll('\n', lineEnd);
          const { valid, errors } = await diagnose(code);
          assert.equal(valid, false, label(diagram));
          assert.equal(errors[0].line, diagram.line + shift, `${label(diagram)} ${JSON.stringify(errors)}`);
        }
      });
    }
  }
});

suite('errors', () => {
  const first = async (code) => (await diagnose(code)).errors[0];

  test('point at the column and show the line', async () => {
    assert.deepEqual(await first('flowchart TD\n  A --> B[call f(x)]'), {
      message:
        'Unexpected `(`; expected `]`, `)))`, `)`, `-)`, `])`, `]]`, … ' +
        'Put text with special characters in double quotes: A["f(x)"].',
      line: 2,
      column: 17,
      excerpt: '  A --> B[call f(x)]',
      fix: null,
    });
  });

  for (const [name, code, message, line] of [
    ['an empty text', ' \n ', /is empty.*Begin with a type/, null],
    ['an empty fence', '```mermaid\n```', /is empty/, null],
    ['only comments', '%% to do\n%% later\n', /^There is no diagram, only comments or front matter\. The first line must name a type/, 3],
    ['only front matter', '---\ntitle: x\n---\n', /^There is no diagram, only comments or front matter/, 4],
    ['a misspelt type', 'flowchrt TD\nA-->B', /`flowchrt` begins no diagram\. Did you mean flowchart\?/, 1],
    ['a type without its suffix', 'radar\naxis a', /Did you mean radar-beta\?/, 1],
    ['prose', 'Sure! Here is it:\nflowchart TD', /begins no diagram\. The first line must name a type/, 1],
    [
      'text beside the fence',
      '```mermaid\npie\n"a" : 1\n```\nEnjoy',
      /without other text beside its code fence/,
      4,
    ],
    ['a closing remark', 'flowchart TD\nA-->B\nHere is the flow you wanted.', /looks like prose/, 3],
    ['the word end as a name', 'flowchart TD\nA --> end', /closes a subgraph/, 2],
    ['front matter left open', '---\ntitle: x\npie\n', /front matter is not closed/, 1],
    ['front matter that is no YAML', '---\ntitle: a: b\n---\npie', /YAML of the front matter is broken: /, 2],
    ['what is never closed', 'flowchart TD\nA[open\nB --> C', /What `\[` opens here is not closed; add `\]`/, 2],
    [
      'an open block',
      'sequenceDiagram\nloop a\nA->>B: c',
      /Unexpected end of the diagram; expected `end`/,
      3,
    ],
    ['a rule that is no syntax', 'packet\n0-7: "a"\n\n9-9: "b"', /not contiguous/, 4],
  ]) {
    test(`tell about ${name}`, async () => {
      const error = await first(code);
      assert.match(error.message, message);
      assert.equal(error.line, line);
    });
  }

  test('are several where the grammar goes on after one', async () => {
    const { errors } = await diagnose('pie\n"a" : x\n"b" : 2\n"c" : y');
    assert.deepEqual(
      errors.map(({ line }) => line),
      [2, 4],
    );
  });

  test('of a sentence of 50,000 characters come in time', async () => {
    const started = performance.now();
    const { valid } = await diagnose(`flowchart TD\n${'A-->B\n'.repeat(8000)}oops here`);
    assert.equal(valid, false);
    assert.ok(performance.now() - started < 10_000);
  });
});

suite('the catalogue', () => {
  test('names every type once', () => {
    assert.deepEqual(
      CATALOGUE.map(({ type }) => type).sort(),
      [...new Set(diagrams.map(({ type }) => type))].sort(),
    );
  });

  for (const { type, keyword, aliases, example } of CATALOGUE) {
    test(`has a valid example of ${type}`, async () => {
      const { valid, diagram_type: found, errors } = await diagnose(example);
      assert.deepEqual({ valid, found, errors }, { valid: true, found: type, errors: [] });
    });

    test(`knows how ${type} begins`, async () => {
      for (const beginning of [keyword, ...aliases]) {
        const { diagram_type: found } = await diagnose(`${beginning}\n`);
        assert.equal(found, type, beginning);
      }
    });
  }
});
