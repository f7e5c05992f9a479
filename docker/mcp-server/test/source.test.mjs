import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import mermaid from '#mermaid';
import { place, preprocess, TracedText, unfence, withoutFrontMatter } from '../src/source.mjs';
import { readDiagrams } from './diagrams.mjs';

suite('the steps before the grammar', async () => {
  await mermaid.parse('info'); // registers the types
  for (const { type, line, code } of readDiagrams()) {
    // Parsed without its configuration, a diagram on a renamed main branch is refused.
    if (line !== null || code.includes('mainBranchName')) continue;
    test(`are Mermaid's own: ${type} ${JSON.stringify(code.slice(0, 40))}`, async () => {
      const given = unfence(code);
      const { text } = await mermaid.mermaidAPI.getDiagramFromText(given.text);
      assert.equal(preprocess(given, type).text, text);
    });
  }
});

suite('a traced text', () => {
  test('keeps origins through replacements', () => {
    const traced = new TracedText('one two three').replace(/two /g).replace(/three/g, () => '3');
    assert.equal(traced.text, 'one 3');
    assert.equal(traced.originOf(traced.text.indexOf('3')), 8);
    assert.equal(traced.originOf(traced.text.length), 13);
  });

  test('parts the front matter', () => {
    const { text, yaml } = withoutFrontMatter(new TracedText('---\r\ntitle: x\r\n---\r\n\r\npie\r\n'));
    assert.equal(text.text, 'pie\n');
    assert.equal(yaml.text, 'title: x');
    assert.equal(yaml.originOf(0), 5);
    assert.equal(text.originOf(0), 22);
  });
});

suite('a Markdown fence', () => {
  for (const [name, code, inner] of [
    ['with a language', '```mermaid\npie\n```', 'pie'],
    ['without one', '```\npie\n```\n', 'pie'],
    ['of tildes', '~~~mermaid\npie\n~~~', 'pie'],
    ['of more ticks', '````mermaid\npie\n````', 'pie'],
    ['that nobody closed', '```mermaid\npie\n"a" : 1', 'pie\n"a" : 1'],
    ['amid blanks', '\n\n  ```mermaid\n  pie\n  ```\n\n', '  pie'],
    ['with Windows line ends', '```mermaid\r\npie\r\n```\r\n', 'pie'],
    ['around nothing', '```mermaid\n```', ''],
  ]) {
    test(`${name} is taken off`, () => assert.equal(unfence(code).text, inner));
  }

  test('stays where text stands beside it', () => {
    assert.match(unfence('```mermaid\npie\n```\nThere you are.').text, /There you are/);
    assert.equal(unfence('See:\n```mermaid\npie\n```').text, 'See:\n```mermaid\npie\n```');
  });
});

suite('a place', () => {
  test('counts lines of every kind', () => {
    assert.deepEqual(place('a\r\nb\rc\nd e', 9), { line: 4, column: 3, excerpt: 'd e' });
  });

  test('shows a part of a long line', () => {
    const { column, excerpt } = place(`${'x'.repeat(1000)}!${'y'.repeat(1000)}`, 1000);
    assert.equal(column, 1001);
    assert.equal(excerpt.length, 122);
    assert.match(excerpt, /^…x+!y+…$/);
  });
});
