import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { ParserLostError, PoolBusyError } from '../src/errors.mjs';
import { ParserPool } from '../src/pool.mjs';
import { root } from './running.mjs';

const PROGRAM = path.join(root, 'src', 'parser.mjs');
const GOOD = 'pie\n"a" : 1';
const BOMB = 'block\nspace:99999999';

async function open(t, options = {}) {
  const pool = new ParserPool({
    program: PROGRAM,
    size: 1,
    timeout: 2000,
    heap: 128,
    queueLimit: 10,
    ...options,
  });
  t.after(() => pool.close());
  await once(pool, 'ready');
  return pool;
}

/** A parser of the test's own making, to bring about what the real one does not do on demand. */
async function write(t, body) {
  const file = path.join(tmpdir(), `parser-${process.pid}-${t.name.replace(/\W+/g, '-')}.mjs`);
  await writeFile(file, body);
  t.after(() => Promise.all([file, `${file}.note`].map((name) => rm(name, { force: true }))));
  return file;
}

/** A parser that knows every diagram as "fine", once `first` has been done by its first process. */
const fine = (first, later = '') => `
  import { existsSync, writeFileSync } from 'node:fs';
  const note = import.meta.filename + '.note'; // its process id; the first one finds none
  const isFirst = !existsSync(note);
  writeFileSync(note, String(process.pid));
  process.on('disconnect', () => process.exit());
  process.on('message', () => {
    if (isFirst) { ${first} } else { ${later} }
    process.send({ diagnosis: { valid: true, diagram_type: 'fine', errors: [] } });
  });
  process.send({ ready: true });`;

suite('a pool', () => {
  test('answers', async (t) => {
    const pool = await open(t);
    assert.deepEqual(await pool.parse(GOOD), { valid: true, drawable: null, reason: null, diagram_type: 'pie', errors: [] });
    assert.equal(pool.status().status, 'healthy');
  });

  test('kills a parser that takes too long, and has another', async (t) => {
    const pool = await open(t, { timeout: 1500 });
    const started = performance.now();

    await assert.rejects(
      pool.parse(BOMB),
      (error) => error instanceof ParserLostError && error.reason === 'timeout',
    );

    assert.ok(performance.now() - started < 10_000);
    while (!pool.status().ready) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await pool.parse(GOOD)).valid, true);
    assert.equal(pool.status().lost.timeout, 1);
  });

  test("bounds a parser's memory", async (t) => {
    const pool = await open(t, { timeout: 30_000, heap: 64 });
    await assert.rejects(
      pool.parse(BOMB),
      (error) => error instanceof ParserLostError && error.reason === 'memory',
    );
    assert.equal((await pool.parse(GOOD)).valid, true);
  });

  test('goes on with the others while one is stuck', async (t) => {
    const pool = await open(t, { size: 2, timeout: 60_000 });
    while (pool.status().ready < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    const stuck = pool.parse(BOMB).catch((error) => error);
    for (let i = 0; i < 20; i += 1) assert.equal((await pool.parse(GOOD)).valid, true);
    assert.equal(pool.status().busy, 1);
    pool.close();
    assert.ok((await stuck) instanceof PoolBusyError);
  });

  test('turns away what does not fit its queue', async (t) => {
    const pool = await open(t, { queueLimit: 2, timeout: 1000 });
    const stuck = assert.rejects(pool.parse(BOMB), ParserLostError);
    const waiting = Promise.allSettled([pool.parse(GOOD), pool.parse(GOOD)]);
    await assert.rejects(
      pool.parse(GOOD),
      (error) => error instanceof PoolBusyError && /2 diagrams are waiting/.test(error.message),
    );
    await stuck;
    await waiting;
  });

  test('turns away what waited too long', async (t) => {
    const program = await write(t, 'process.send({ ready: true }); process.on("message", () => {});');
    const pool = await open(t, { program, timeout: 400 });
    const started = performance.now();
    const stuck = assert.rejects(pool.parse(GOOD), { reason: 'starved' }); // it has used no processor time
    const waiting = Array.from({ length: 3 }, () => pool.parse(GOOD).catch((error) => error));
    await stuck;
    const errors = await Promise.all(waiting);
    assert.ok(performance.now() - started < 10_000);
    assert.ok(errors.some((error) => error instanceof PoolBusyError));
  });

  test('forgets a diagram whose caller left', async (t) => {
    const pool = await open(t, { timeout: 1000 });
    const stuck = assert.rejects(pool.parse(BOMB), ParserLostError);
    const caller = new AbortController();
    const waiting = pool.parse(GOOD, caller);
    assert.equal(pool.status().queued, 1);

    caller.abort(new Error('gone'));

    await assert.rejects(waiting, /gone/);
    await assert.rejects(pool.parse(GOOD, caller), /gone/);
    assert.equal(pool.status().queued, 0);
    await stuck;
  });

  test('ends the parser of a diagram whose caller left, once it is slow', async (t) => {
    const pool = await open(t, { timeout: 60_000 });
    const caller = new AbortController();
    const left = assert.rejects(pool.parse(BOMB, caller), /gone/);
    caller.abort(new Error('gone'));
    await left;
    // It waits, since its parser is busy: longer than it may, until that parser has ended.
    assert.equal((await pool.parse(GOOD)).valid, true);
    assert.equal(pool.status().lost.abandoned, 1);
  });

  test('keeps the parser of a quick diagram whose caller left', async (t) => {
    // One that answers at once: on a busy machine the true one may be slow, and is ended then.
    const pool = await open(t, { program: await write(t, fine('')) });
    const caller = new AbortController();
    const left = assert.rejects(pool.parse(GOOD, caller), /gone/);
    caller.abort(new Error('gone'));
    await left;
    assert.equal((await pool.parse(GOOD)).diagram_type, 'fine');
    assert.deepEqual(Object.values(pool.status().lost), [0, 0, 0, 0, 0]);
  });

  test('lets one of its slow diagrams give way to a quick one', async (t) => {
    const pool = await open(t, { size: 2, timeout: 60_000 });
    while (pool.status().ready < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    const bombs = ['a', 'b'].map((caller) => pool.parse(BOMB, { caller }).catch((error) => error));

    assert.equal((await pool.parse(GOOD, { caller: 'c' })).valid, true);

    assert.equal(pool.status().lost.preempted, 1);
    // Its caller has a penalty from now on: one parser stays free for others, whatever the two send.
    for (let i = 0; i < 10; i += 1) bombs.push(pool.parse(BOMB, { caller: 'b' }).catch((error) => error));
    for (let i = 0; i < 10; i += 1) assert.equal((await pool.parse(GOOD, { caller: 'c' })).valid, true);
    assert.equal(pool.status().lost.preempted, 1);
    pool.close();
    for (const error of await Promise.all(bombs)) assert.ok(error instanceof PoolBusyError);
  });

  test('judges a diagram whose parser was killed from outside all the same', async (t) => {
    const pool = await open(t, { program: await write(t, fine("process.kill(process.pid, 'SIGKILL');")) });
    assert.equal((await pool.parse(GOOD)).diagram_type, 'fine');
    assert.equal(pool.status().lost.crash, 1);
  });

  test('judges a diagram whose parser was dead before it was known', async (t) => {
    const program = await write(t, fine(''));
    const pool = await open(t, { program });
    process.kill(Number(await readFile(`${program}.note`, 'utf8')), 'SIGKILL');
    assert.equal(pool.status().ready, 1);
    assert.equal((await pool.parse(GOOD)).diagram_type, 'fine');
  });

  for (const [name, end, wanted] of [
    ['is busy when the second parser is killed, too', "process.kill(process.pid, 'SIGKILL');", PoolBusyError],
    ['blames a diagram that ends a second parser', 'process.exit(1);', ParserLostError],
  ]) {
    // There, one that is killed looks like one that ends.
    test(name, { skip: process.platform === 'win32' && wanted === PoolBusyError }, async (t) => {
      const pool = await open(t, { program: await write(t, fine(end, end)) });
      await assert.rejects(pool.parse(GOOD), wanted);
      assert.equal(pool.status().lost.crash, 2);
    });
  }

  test('waits longer after each parser that ends by itself, until one has answered', async (t) => {
    const program = await write(t, fine(''));
    const pool = await open(t, { program });
    const kill = async () => {
      const lost = once(pool, 'lost');
      process.kill(Number(await readFile(`${program}.note`, 'utf8')), 'SIGKILL');
      const [{ retry_in: wait }] = await lost;
      assert.equal(pool.status().status, 'degraded'); // none is ready
      while (!pool.status().ready) await new Promise((resolve) => setTimeout(resolve, 10));
      return wait;
    };
    assert.deepEqual([await kill(), await kill()], [250, 500]);
    await pool.parse(GOOD);
    assert.equal(await kill(), 250);
    assert.equal(pool.status().status, 'healthy');
  });

  test('kills a parser that does not get ready', async (t) => {
    const program = await write(t, 'setInterval(() => {}, 1000);');
    const pool = new ParserPool({
      program,
      size: 1,
      timeout: 1000,
      heap: 128,
      queueLimit: 10,
      startTimeout: 100,
    });
    t.after(() => pool.close());
    const [lost] = await once(pool, 'lost');
    assert.deepEqual([lost.reason, lost.retry_in], ['timeout', 250]);
  });

  test('outlives a system that has no process left for it', async (t) => {
    const pool = new ParserPool({
      program: '\0', // makes `fork` throw
      size: 1,
      timeout: 1000,
      heap: 128,
      queueLimit: 10,
    });
    t.after(() => pool.close());
    const [lost] = await once(pool, 'lost');
    assert.deepEqual([lost.pid, lost.retry_in], [undefined, 250]);
    assert.match(lost.stderr, /null bytes/);
  });

  test('waits longer after each parser that does not start, and says so', async (t) => {
    const program = await write(t, 'console.error("no such thing"); process.exit(3);');
    const pool = new ParserPool({ program, size: 1, timeout: 1000, heap: 128, queueLimit: 10 });
    t.after(() => pool.close());
    assert.equal(pool.status().status, 'starting');
    const waits = [];
    for (let i = 0; i < 3; i += 1) {
      const [lost] = await once(pool, 'lost');
      assert.equal(lost.code, 3);
      assert.match(lost.stderr, /no such thing/);
      waits.push(lost.retry_in);
    }
    assert.deepEqual(waits, [250, 500, 1000]);
    assert.equal(pool.status().status, 'unhealthy');
  });

  test('gives up everything when it is closed', async (t) => {
    const pool = await open(t);
    const running = assert.rejects(pool.parse(BOMB), PoolBusyError);
    const waiting = assert.rejects(pool.parse(GOOD), PoolBusyError);

    pool.close();

    await running;
    await waiting;
    await assert.rejects(pool.parse(GOOD), PoolBusyError);
    assert.equal(pool.status().status, 'stopping');
  });
});
