/**
 * The real server, run as a process of its own for a test.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export const root = path.dirname(import.meta.dirname);

/** The bundle, as the image runs it. */
export const BUNDLE = 'dist/server.mjs';

/** The options that the image gives Node: they bound the server's memory. */
export function imageOptions() {
  const [, command] = /.*^CMD (\[.*server\.mjs"\])$/ms.exec(
    readFileSync(path.join(root, 'Dockerfile'), 'utf8'),
  );
  return JSON.parse(command).filter((word) => word.startsWith('--'));
}

/**
 * Start a program of this project; the test's end kills it.
 *
 * @param {import('node:test').TestContext} test
 * @param {Record<string, string>} environment settings
 * @param {string} program what to run
 * @param {string} folder where
 * @returns {{child, exited, logs, logged}} `logged` waits for a message after `after` lines
 */
export function launch(test, environment = {}, program = 'src/main.mjs', folder = root) {
  const options = program === BUNDLE ? imageOptions() : [];
  const child = spawn(process.execPath, [...options, program], {
    cwd: folder,
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  test.after(() => child.kill('SIGKILL'));
  const logs = [];
  const waiting = new Set();
  createInterface({ input: child.stdout }).on('line', (line) => {
    logs.push(JSON.parse(line));
    for (const check of waiting) check();
  });
  const logged = (message, after = 0) =>
    new Promise((resolve, reject) => {
      const check = () => {
        const found = logs.slice(after).find((entry) => entry.message === message);
        if (found) resolve(found);
      };
      waiting.add(check);
      check();
      exited.then(([code]) =>
        reject(new Error(`the program ended with ${code} before it logged "${message}"`)),
      );
    });
  return { child, exited, logs, logged };
}

/** Start the server on a free port and wait until it is ready. */
export async function run(test, environment, program) {
  const running = launch(test, environment, program);
  const { port } = await running.logged('listening');
  await running.logged('ready');
  return { ...running, port, url: `http://127.0.0.1:${port}` };
}

/** An MCP client of a server; the test's end closes it. */
export async function connect(test, url) {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url)));
  test.after(() => client.close());
  return client;
}

/**
 * Have one diagram validated by a plain HTTP request.
 *
 * @returns {Promise<{status: number, diagnosis?: object, busy: boolean, ms: number}>}
 */
export async function validate(url, code) {
  const started = performance.now();
  const answer = await post(url, call(code));
  const text = await answer.text();
  const ms = performance.now() - started;
  if (!answer.ok) return { status: answer.status, busy: false, ms };
  const { result } = JSON.parse(text.replace(/^.*?data: /s, ''));
  return { status: 200, diagnosis: result.structuredContent, busy: result.isError === true, ms };
}

/** The JSON-RPC message that has a diagram validated. */
export function call(code) {
  return {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'validate_mermaid', arguments: { code } },
  };
}

/** POST a message, or whatever else `body` is, to /mcp. */
export function post(url, body, headers = {}) {
  return fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: body?.jsonrpc ? JSON.stringify(body) : body,
    duplex: 'half',
  });
}

/**
 * Ask for the health again and again, for as long as something runs.
 *
 * @returns {Promise<{health: number, machine: number}>} 99th percentiles in ms: how long an answer took, and how
 *   late this process woke from sleeping 10 ms, which is what the machine keeps any process waiting
 */
export async function watchHealth(url, running) {
  const times = [];
  const lates = [];
  let done = false;
  running.finally(() => {
    done = true;
  });
  const ask = async () => {
    const answer = await fetch(`${url}/health`);
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`health answered ${answer.status}`);
  };
  for (let warming = 0; warming < 20; warming += 1) await ask();
  while (!done) {
    const started = performance.now();
    await ask();
    const answered = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 10));
    times.push(answered - started);
    lates.push(performance.now() - answered - 10);
  }
  const p99 = (values) => values.sort((a, b) => a - b)[Math.floor(values.length * 0.99)];
  return { health: p99(times), machine: p99(lates) };
}

/**
 * Measure up to three times until the measurement is good: a busy machine may spoil one, not three.
 *
 * @param {() => Promise<number>} measure
 * @param {number} limit what is good enough
 * @returns {Promise<number>} the best
 */
export async function best(measure, limit) {
  let value = Infinity;
  for (let attempt = 0; attempt < 3 && value >= limit; attempt += 1) value = Math.min(value, await measure());
  return value;
}
