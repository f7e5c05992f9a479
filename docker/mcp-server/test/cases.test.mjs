/**
 * Diagrams that are not the project's own, judged by Mermaid in a browser: `MERMAID_CASES` names a folder
 * with mermaid_valid.jsonl and mermaid_invalid.jsonl, whose lines are `{id, type, code}`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { BUNDLE, connect, run } from './running.mjs';

const folder = process.env.MERMAID_CASES;

function read(name) {
  const lines = readFileSync(path.join(folder, name), 'utf8').split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}

suite('foreign diagrams', { skip: folder ? false : 'MERMAID_CASES is not set' }, () => {
  test('are judged as in a browser', async (t) => {
    const { url } = await run(t, {}, BUNDLE);
    const client = await connect(t, url);
    const judge = async (code) =>
      (await client.callTool({ name: 'validate_mermaid', arguments: { code } })).structuredContent;

    for (const { id, type, code } of read('mermaid_valid.jsonl')) {
      assert.deepEqual(await judge(code), { valid: true, diagram_type: type, errors: [] }, id);
    }
    for (const { id, code } of read('mermaid_invalid.jsonl')) {
      const { valid, errors } = await judge(code);
      // Mermaid knows no Markdown fence. Here it is taken off, and these rows are valid diagrams in one.
      assert.equal(valid, code.startsWith('```mermaid\n'), id);
      if (!valid) assert.ok(errors[0].line >= 1 && errors[0].message, id);
    }
  });
});
