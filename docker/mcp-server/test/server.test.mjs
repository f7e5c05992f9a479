import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { BUNDLE, call, connect, launch, run, validate } from './running.mjs';

const GOOD = 'pie\n"a" : 1';
const BOMB = 'block\nspace:99999999';
const windows = process.platform === 'win32' ? 'Windows has no signals' : false;

suite('an MCP client', () => {
  for (const program of ['src/main.mjs', BUNDLE]) {
    test(`has diagrams validated by ${program}`, async (t) => {
      const { url } = await run(t, {}, program);
      const client = await connect(t, url);

      const good = await client.callTool({ name: 'validate_mermaid', arguments: { code: GOOD } });
      const bad = await client.callTool({ name: 'validate_mermaid', arguments: { code: 'pie\n"a" : x' } });

      assert.deepEqual(good.structuredContent, {
        valid: true,
        drawable: null,
        reason: null,
        diagram_type: 'pie',
        errors: [],
      });
      assert.deepEqual(bad.structuredContent, {
        valid: false,
        drawable: false,
        reason: null,
        diagram_type: 'pie',
        errors: [{ message: '`x` is not understood here.', line: 2, column: 7, excerpt: '"a" : x', fix: null }],
      });
      assert.deepEqual(JSON.parse(bad.content[0].text), bad.structuredContent);
    });
  }

  test('learns the types and an example of each', async (t) => {
    const { url } = await run(t);
    const client = await connect(t, url);

    const { structuredContent } = await client.callTool({ name: 'list_diagram_types', arguments: {} });
    const listed = await client.listResources();
    const all = await client.readResource({ uri: 'mermaid://examples' });

    assert.equal(structuredContent.types.length, 38);
    for (const { type, keyword, example } of structuredContent.types) {
      const { contents } = await client.readResource({ uri: example });
      assert.ok(contents[0].text.startsWith(keyword));
      assert.ok(all.contents[0].text.includes(contents[0].text));
      assert.ok(listed.resources.some(({ uri, name }) => uri === example && name === type));
    }
    await assert.rejects(client.readResource({ uri: 'mermaid://examples/nothing' }), /not found/i);
  });

  test('gets no half characters', async (t) => {
    const { url } = await run(t, { POOL_SIZE: '1' });
    const emojis = '😀'.repeat(200);
    for (const code of [
      `x${emojis}`,
      `xx${emojis}`,
      `flowchart TD\n  A --> B[${emojis}(`,
      `flowchart TD\n   A --> B[${emojis}(`,
      `pie\n"a" : ${emojis}`,
      'pie\n"a" : \ud83d',
    ]) {
      const { status, diagnosis } = await validate(url, code);
      assert.deepEqual([status, diagnosis.valid], [200, false], code);
      assert.ok(JSON.stringify(diagnosis).isWellFormed() && !JSON.stringify(diagnosis).includes('\\ud'), code);
      // Only what the caller itself broke is replaced.
      assert.equal(JSON.stringify(diagnosis).includes('\ufffd'), !code.isWellFormed(), code);
    }
  });

  test('is told that a diagram which is too long is undecided', async (t) => {
    const { url } = await run(t);
    const { diagnosis } = await validate(url, `flowchart TD\n${'A-->B\n'.repeat(10_000)}`);
    assert.deepEqual([diagnosis.valid, diagnosis.errors], [null, []]);
    assert.match(diagnosis.reason, /60013 characters, of which 50000 are allowed/);
  });
});

suite('starting', () => {
  test('fails with a clear line where the port is taken', async (t) => {
    const { port } = await run(t);
    const { exited, logged } = launch(t, { PORT: String(port) });
    assert.match((await logged('cannot listen')).error, /EADDRINUSE/);
    assert.equal((await exited)[0], 1);
  });

  test('fails with a clear line for a wrong setting', async (t) => {
    const { exited, logged } = launch(t, { POOL_SIZE: 'many' });
    assert.equal(
      (await logged('wrong setting')).error,
      'POOL_SIZE is "many", but must be a whole number from 1 to 16',
    );
    assert.equal((await exited)[0], 2);
  });
});

suite('SIGTERM', { skip: windows }, () => {
  /** Send a request just before the signal; its status, or null if it was cut. */
  const ask = async (t) => {
    const { child, exited, logged, port } = await run(t);
    const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
    const options = { port, path: '/mcp', method: 'POST', headers: { ...headers, expect: '100-continue' } };
    const request = http.request(options);
    const answered = new Promise((resolve) => {
      request.on('error', () => resolve(null)).on('response', (answer) => resolve(answer.resume().statusCode));
    });
    request.flushHeaders();
    await once(request, 'continue'); // it is being served
    request.end(JSON.stringify(call(GOOD)));
    child.kill('SIGTERM');
    await logged('stopping');
    const status = await answered;
    assert.deepEqual(await exited, [0, null]);
    return status;
  };

  test('lets a request end', async (t) => {
    // It has half a second; a busy machine may take that from one request, but not from five.
    let status = null;
    for (let attempt = 0; attempt < 5 && status === null; attempt += 1) status = await ask(t);
    assert.equal(status, 200);
  });

  test('does not wait for a diagram without end', async (t) => {
    const { child, exited, url } = await run(t, { PARSE_TIMEOUT_MS: '60000' });
    validate(url, BOMB).catch(() => {});
    while ((await (await fetch(`${url}/health`)).json()).pool.busy === 0) await setTimeout(20);
    const started = performance.now();

    child.kill('SIGTERM');

    assert.deepEqual(await exited, [0, null]);
    assert.ok(performance.now() - started < 20_000); // else it would be given up after 60 s
  });
});
