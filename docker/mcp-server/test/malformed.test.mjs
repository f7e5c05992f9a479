/**
 * Malformed requests are answered in plain sentences, over HTTP and over stdio.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { post, root, run } from './running.mjs';

const VERSION = { protocolVersion: '2025-06-18' };
const CLIENT = { capabilities: {}, clientInfo: { name: 'test', version: '1' } };
const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

const CASES = [
  ['initialize', undefined, '`params` is missing: a JSON object is needed.'],
  ['initialize', CLIENT, '`params.protocolVersion` is missing: a text is needed.'],
  ['initialize', { ...CLIENT, protocolVersion: 5 }, '`params.protocolVersion` must be a text; a number was sent.'],
  ['initialize', { ...VERSION, ...CLIENT, capabilities: [] }, '`params.capabilities` must be a JSON object; a list was sent.'],
  ['initialize', VERSION, '`params.capabilities` is missing: a JSON object is needed. `params.clientInfo` is missing: a JSON object is needed.'],
  ['tools/call', undefined, '`params` is missing: a JSON object is needed.'],
  ['tools/call', { arguments: { code: 'pie' } }, '`params.name` is missing: a text is needed.'],
  ['tools/call', { name: 'validate_mermaid', arguments: 'pie' }, '`params.arguments` must be a JSON object; a text was sent.'],
  ['tools/call', { name: 'validate_mermaid', arguments: ['pie'] }, '`params.arguments` must be a JSON object; a list was sent.'],
  ['tools/call', { arguments: {}, _meta: MODERN }, '`params.name` is missing: a text is needed.'],
  ['tools/list', { cursor: 5 }, '`params.cursor` must be a text; a number was sent.'],
  ['resources/read', {}, '`params.uri` is missing: a text is needed.'],
  ['completion/complete', { ref: {}, argument: { name: 'type', value: '' } }, '`params.ref` is not of a form that is accepted.'],
];

suite('a malformed request', () => {
  test('is answered in plain sentences over HTTP', async (t) => {
    const { url } = await run(t, { POOL_SIZE: '1' });
    for (const [method, params, message] of CASES) {
      const modern = params?._meta && { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
      const answer = await post(url, { jsonrpc: '2.0', id: 1, method, params }, modern);
      const { error } = JSON.parse((await answer.text()).replace(/^.*?data: /s, ''));
      assert.deepEqual([error.code, error.message], [-32602, message], `${method} ${JSON.stringify(params)}`);
    }
  });

  test('of a tool is told to whoever called it, perhaps a model', async (t) => {
    const { url } = await run(t, { POOL_SIZE: '1' });
    for (const given of [undefined, {}, { code: 5 }, { code: null }]) {
      const params = { name: 'validate_mermaid', arguments: given };
      const answer = await post(url, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
      const { result } = JSON.parse((await answer.text()).replace(/^.*?data: /s, ''));
      assert.equal(result.isError, true);
      assert.equal(result.content[0].text, 'The argument `code` must be a text: the Mermaid source.');
    }
  });

  test('whose own words look like a list of issues is answered too', async (t) => {
    const { url } = await run(t, { POOL_SIZE: '1' });
    for (const path of ['"a"', '5', '[{"toString": 1}]']) {
      const uri = `x:[{"code": 1, "path": ${path}}]`;
      const answer = await post(url, { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } });
      const text = await Promise.race([answer.text(), setTimeout(10_000, 'no answer', { ref: false })]);
      assert.match(text, /"error":.*x:/, uri);
    }
  });

  test('is answered in plain sentences over stdio', async (t) => {
    const child = spawn(process.execPath, [path.join(root, 'src/main.mjs'), '--stdio'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    t.after(() => child.kill('SIGKILL'));
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: CLIENT })}\n`);
    for await (const line of createInterface({ input: child.stdout })) {
      const { error } = JSON.parse(line);
      assert.deepEqual([error.code, error.message], [-32602, '`params.protocolVersion` is missing: a text is needed.']);
      break;
    }
  });
});
