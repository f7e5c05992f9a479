import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { run } from './running.mjs';

const folder = import.meta.dirname;
const suite = path.join(
  folder,
  '..',
  'node_modules',
  '@modelcontextprotocol',
  'conformance',
  'dist',
  'index.js',
);

test('the official conformance suite finds what conformance.yml expects', async (t) => {
  const { port } = await run(t);
  const url = `http://localhost:${port}/mcp`;

  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [suite, 'server', '--url', url, '--expected-failures', path.join(folder, 'conformance.yml')],
    { encoding: 'utf8', timeout: 120_000 },
  );

  assert.equal(status, 0, `${stdout.split('=== SUMMARY ===')[1] ?? stdout}\n${stderr}`);
  assert.match(stdout, /✓ server-initialize/);
});
