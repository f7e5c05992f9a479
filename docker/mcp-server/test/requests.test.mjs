/**
 * HTTP requests of all kinds: the paths, from where they may come, wrong ones, many at once, and their log lines.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { suite, test } from 'node:test';
import { BUNDLE, call, connect, post, run, validate } from './running.mjs';

const GOOD = 'pie\n"a" : 1';

test('the paths answer', async (t) => {
  const { url } = await run(t, { POOL_SIZE: '1' });
  const health = await fetch(`${url}/health`);
  const { status, pool, version } = await health.json();
  assert.equal(health.status, 200);
  assert.equal(status, 'healthy');
  assert.deepEqual({ ...pool, lost: null }, { size: 1, ready: 1, busy: 0, queued: 0, lost: null });
  assert.equal((await (await fetch(url)).json()).version, version);
  for (const [path, method, wanted] of [
    ['/', 'HEAD', 200],
    ['/health?x=1', 'GET', 200],
    ['/health', 'POST', 405],
    ['/nothing', 'GET', 404],
    ['/mcp', 'GET', 405],
    ['/mcp', 'DELETE', 405],
    ['/mcp', 'PUT', 405],
    ['/mcp/', 'GET', 405],
    ['/health/', 'GET', 200],
  ]) {
    assert.equal((await fetch(url + path, { method })).status, wanted, `${method} ${path}`);
  }
});

test('a path of many slashes holds nobody up', async (t) => {
  const { url } = await run(t, { POOL_SIZE: '1' });
  const started = performance.now();
  for (let asked = 0; asked < 8; asked += 1) assert.equal((await fetch(`${url}${'/'.repeat(15_000)}x`)).status, 404);
  assert.ok(performance.now() - started < 3000, `it took ${performance.now() - started} ms`);
});

suite('Host and Origin', () => {
  const send = (port, headers) =>
    new Promise((resolve, reject) => {
      const base = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const request = http.request({ port, path: '/mcp', method: 'POST', headers: { ...base, ...headers } });
      request.on('error', reject).on('response', (answer) => answer.resume() && resolve(answer.statusCode));
      request.end(JSON.stringify(call(GOOD)));
    });

  test('are checked against ALLOWED_HOSTS', async (t) => {
    const { port } = await run(t, { ALLOWED_HOSTS: 'mcp-server, localhost' });
    for (const [headers, wanted] of [
      [{ host: 'mcp-server:3000' }, 200],
      [{ host: 'localhost' }, 200],
      [{ host: 'evil.example' }, 403],
      [{ host: '127.0.0.1' }, 403],
      [{ host: 'localhost', origin: 'http://localhost:6274' }, 200],
      [{ host: 'localhost', origin: 'https://evil.example' }, 403],
      [{ host: 'localhost', origin: 'null' }, 403],
    ]) {
      assert.equal(await send(port, headers), wanted, JSON.stringify(headers));
    }
  });

  test('let a page of an allowed origin call', async (t) => {
    const { url } = await run(t);
    const origin = 'http://localhost:6274';
    const asked = await fetch(`${url}/mcp`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get('access-control-allow-origin'), origin);
    assert.match(asked.headers.get('access-control-allow-headers'), /content-type.*mcp-protocol-version/);
    const answer = await post(url, call(GOOD), { origin });
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [200, origin]);
    const strange = await fetch(`${url}/mcp`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example' },
    });
    assert.deepEqual([strange.status, strange.headers.get('access-control-allow-origin')], [403, null]);
  });

  test('must be local without it', async (t) => {
    const { port } = await run(t, { ALLOWED_HOSTS: '' });
    assert.equal(await send(port, { host: '127.0.0.1' }), 200);
    assert.equal(await send(port, { host: 'mcp-server' }), 403);
  });
});

suite('wrong requests', () => {
  const chunked = (bytes) => new Blob([' '.repeat(bytes)]).stream();

  test('of the method TRACE get 405', async (t) => {
    const { port } = await run(t);
    const [status, allow] = await new Promise((resolve, reject) => {
      http
        .request({ port, path: '/mcp', method: 'TRACE' }, (answer) => {
          answer.resume();
          resolve([answer.statusCode, answer.headers.allow]);
        })
        .on('error', reject)
        .end();
    });
    assert.deepEqual([status, allow], [405, 'DELETE, GET, OPTIONS, POST']);
  });

  test('get 4xx, and the server goes on', async (t) => {
    const { url, child } = await run(t);
    for (const [name, wanted, body, headers] of [
      ['10 MB', 413, ' '.repeat(10_000_000)],
      ['2 MB in chunks', 413, chunked(2_000_000)],
      ['just over 1 MiB', 413, ' '.repeat(1024 * 1024 + 1)],
      ['nothing', 400, ''],
      ['no JSON', 400, '{"jsonrpc": '],
      ['no message', 400, '{"a": 1}'],
      ['an empty batch', 400, '[]'],
      ['no UTF-8', 400, new Uint8Array([0xff, 0xfe, 0x00])],
      ['deep JSON', 400, '['.repeat(500_000)],
      ['another content type', 415, call(GOOD), { 'content-type': 'text/plain' }],
      ['no type accepted', 406, call(GOOD), { accept: 'text/html' }],
      ['an unknown protocol version', 400, call(GOOD), { 'mcp-protocol-version': '1999-01-01' }],
    ]) {
      assert.equal((await post(url, body, headers)).status, wanted, name);
    }
    assert.equal((await validate(url, GOOD)).diagnosis.valid, true);
    assert.equal(child.exitCode, null);
  });

  test('get an error of the protocol', async (t) => {
    const { url } = await run(t);
    const client = await connect(t, url);
    for (const code of [undefined, null, 7, ['pie'], { a: 1 }]) {
      const wrong = await client
        .callTool({ name: 'validate_mermaid', arguments: { code } })
        .catch((error) => error);
      assert.ok(wrong instanceof Error || wrong.isError, JSON.stringify(code));
    }
    await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), /no_such_tool/);
    const answer = await post(url, { jsonrpc: '2.0', id: 1, method: 'no/such' });
    assert.match(await answer.text(), /Method not found/);
  });

  test('get 408 when they come too slowly', async (t) => {
    const { port, url } = await run(t);
    const socket = net.connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    const head = [
      'POST /mcp HTTP/1.1',
      'host: localhost',
      'content-type: application/json',
      'content-length: 1000',
      '',
      '{',
    ];
    socket.write(head.join('\r\n'));
    const drip = setInterval(() => socket.write(' '), 500);
    t.after(() => clearInterval(drip));

    const [answer] = await Array.fromAsync(socket);

    assert.match(answer.toString(), /^HTTP\/1\.1 408 /);
    assert.equal((await validate(url, GOOD)).diagnosis.valid, true);
  });

  test('make way for others when they come slowly and are large', async (t) => {
    const { port, url } = await run(t);
    const size = 1024 * 1024;
    const slow = Array.from({ length: 20 }, () => {
      const socket = net.connect(port, '127.0.0.1');
      t.after(() => socket.destroy());
      socket.on('error', () => {});
      socket.write(`POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${size}\r\n\r\n`);
      return new Promise((resolve) => socket.write(' '.repeat(size - 1), resolve));
    });
    await Promise.all(slow);
    // More than a second later they are slow; until then newcomers are asked to come again.
    const deadline = performance.now() + 30_000;
    let answer;
    do answer = await validate(url, GOOD);
    while (answer.status === 503 && performance.now() < deadline);
    assert.equal(answer.diagnosis?.valid, true);
  });
});

test('500 callers at once all get an answer', async (t) => {
  // So patient that nobody is turned away but for the queue's length.
  const { url, child } = await run(t, { PARSE_TIMEOUT_MS: '30000', QUEUE_LIMIT: '50' });
  const answers = await Promise.all(Array.from({ length: 500 }, () => validate(url, GOOD)));
  assert.ok(answers.every(({ diagnosis, busy }) => diagnosis?.valid || busy));
  assert.ok(answers.filter(({ diagnosis }) => diagnosis).length >= 50);
  assert.equal((await validate(url, GOOD)).diagnosis.valid, true);
  assert.equal(child.exitCode, null);
});

test('500 large bodies at once do not exhaust the server', async (t) => {
  const { url, child } = await run(t, {}, BUNDLE);
  const large = call(`flowchart TD\n${'A-->B\n'.repeat(50_000)}`);
  const answers = await Promise.all(Array.from({ length: 500 }, async () => (await post(url, large)).status));
  assert.deepEqual(
    [...new Set(answers)].filter((status) => ![200, 408, 503].includes(status)),
    [],
  );
  if (process.platform === 'linux') {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1] / 1024;
    // Two parsers at their bounds take another 300 MiB; the container has 512.
    assert.ok(peak < 180, `${peak} MiB`);
  }
  assert.equal((await validate(url, GOOD)).diagnosis.valid, true);
});

suite('the log', () => {
  test('has a line for each request, with its id, duration and verdict, and no diagram', async (t) => {
    const { url, logs, logged } = await run(t);
    const before = logs.length;

    const answer = await post(url, call('pie\n"secret" : x'), { 'x-request-id': 'abc-123' });
    await answer.text();

    assert.equal(answer.headers.get('x-request-id'), 'abc-123');
    const { time, duration_ms: duration, ...fields } = await logged('request', before);
    assert.ok(Date.parse(time) && duration >= 0);
    assert.deepEqual(fields, {
      level: 'info',
      message: 'request',
      request_id: 'abc-123',
      method: 'POST',
      path: '/mcp',
      tool: 'validate_mermaid',
      characters: 16,
      valid: false,
      drawable: false,
      diagram_type: 'pie',
      status: 200,
    });
    assert.ok(!JSON.stringify(logs).includes('secret'));
  });

  test('has no long lines, whatever a caller asks for', async (t) => {
    const { url, logs, logged } = await run(t);
    const before = logs.length;

    await (await fetch(`${url}/${'x'.repeat(9000)}`)).text();

    await logged('request', before);
    assert.ok(logs.every((line) => JSON.stringify(line).length < 1000));
  });

  test('gives an id of its own in place of a strange one', async (t) => {
    const { url } = await run(t);
    const { headers } = await fetch(url, { headers: { 'x-request-id': 'no spaces, please' } });
    assert.match(headers.get('x-request-id'), /^[0-9a-f-]{36}$/);
  });
});
