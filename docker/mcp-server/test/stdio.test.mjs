/**
 * The server as the clients on people's desks start it: with the official client, over stdin and stdout.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { BUNDLE, call, root } from './running.mjs';

const PROGRAMS = ['src/main.mjs', BUNDLE];

/** Start it without a client. */
function launch(t, program) {
  const child = spawn(process.execPath, [path.join(root, program), '--stdio'], { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const stderr = createInterface({ input: child.stderr });
  return { child, closed: once(child, 'close'), stderr, stdout: createInterface({ input: child.stdout }) };
}

/** Whether a process runs; one that has ended, but that nobody has asked for yet, does not. */
function isRunning(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

suite('over stdio', () => {
  for (const program of PROGRAMS) {
    test(`a client has diagrams validated by ${program}`, async (t) => {
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [path.join(root, program), '--stdio'],
        stderr: 'pipe',
      });
      const client = new Client({ name: 'test', version: '1' });
      await client.connect(transport);
      t.after(() => client.close());

      const { tools } = await client.listTools();
      const { structuredContent } = await client.callTool({
        name: 'validate_mermaid',
        arguments: { code: 'flowchart LR\n  A[Order --> B' },
      });
      const { contents } = await client.readResource({ uri: 'mermaid://examples/pie' });

      assert.deepEqual(tools.map(({ name }) => name).sort(), ['list_diagram_types', 'validate_mermaid']);
      assert.deepEqual([structuredContent.valid, structuredContent.errors[0].line], [false, 2]);
      assert.match(contents[0].text, /^pie/);
    });
  }

  test('nothing but the protocol is on stdout, and the log on stderr', async (t) => {
    const { child, stdout, stderr } = launch(t, BUNDLE);
    const logs = [];
    stderr.on('line', (line) => logs.push(JSON.parse(line).message));
    const lines = [];
    const answered = new Promise((resolve) => {
      stdout.on('line', (line) => lines.push(JSON.parse(line)) === 3 && resolve());
    });
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    for (const message of [
      { jsonrpc: '2.0', id: 0, method: 'initialize', params },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      call('pie\n"a" : 1'),
      { ...call('block\nspace:99999999'), id: 2 },
    ])
      child.stdin.write(`${JSON.stringify(message)}\n`);
    await answered;
    assert.deepEqual(lines.map(({ jsonrpc, id }) => [jsonrpc, id]), [['2.0', 0], ['2.0', 1], ['2.0', 2]]);
    assert.equal(lines[2].result.structuredContent.valid, null);
    assert.ok(logs.includes('ready'));
  });

  for (const [name, end] of [
    ['stdin is closed', (child) => child.stdin.end()],
    ['it is told to', (child) => child.kill('SIGTERM')],
  ]) {
    test(`it ends when ${name}, and its parsers with it`, { skip: process.platform !== 'linux' }, async (t) => {
      const { child, closed, stderr, stdout } = launch(t, 'src/main.mjs');
      stdout.resume();
      await new Promise((resolve) => stderr.on('line', (line) => JSON.parse(line).message === 'ready' && resolve()));
      child.stdin.write(`${JSON.stringify(call('block\nspace:99999999'))}\n`);
      const parsers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
      assert.ok(parsers.length >= 1 && parsers.every(isRunning));

      end(child);

      assert.deepEqual(await closed, [0, null]);
      while (parsers.some(isRunning)) await setTimeout(10);
    });
  }
});
