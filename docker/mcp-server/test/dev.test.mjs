import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { launch, root, validate } from './running.mjs';

const BAD = 'pie\n"a" : x';

/** A copy of the project whose sources may be edited, and its development server. */
async function develop(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-dev-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const name of ['src', 'mermaid', 'build.mjs', 'install.mjs', 'package.json', 'pnpm-lock.yaml']) {
    await cp(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  for (const name of ['node_modules', 'dist'])
    await symlink(path.join(root, name), path.join(folder, name), 'junction');
  const running = launch(t, { POOL_SIZE: '1' }, 'src/dev.mjs', folder);
  const edit = async (name, from, to) => {
    const file = path.join(folder, 'src', name);
    const text = await readFile(file, 'utf8');
    assert.ok(text.includes(from));
    await writeFile(file, text.replaceAll(from, to));
  };
  /** Where the server listens, once it is ready; `after` so many log lines. */
  const url = async (after = 0) => {
    const { port } = await running.logged('listening', after);
    await running.logged('ready', after);
    return `http://127.0.0.1:${port}`;
  };
  return { ...running, edit, url };
}

suite('the development server', () => {
  test('serves an edit of a parser', async (t) => {
    const { edit, url, logs } = await develop(t);
    const { diagnosis } = await validate(await url(), BAD);
    assert.ok(diagnosis.errors[0].message.includes('is not understood here'));
    const after = logs.length;

    const started = performance.now();
    await edit('faults.mjs', 'is not understood here', 'is a riddle');
    const answer = await validate(await url(after), BAD);
    const took = performance.now() - started;

    assert.ok(answer.diagnosis.errors[0].message.includes('is a riddle'));
    assert.ok(took < 10_000, `${took} ms`); // 0.7 s where nothing else runs
  });

  test('outlives a syntax error', async (t) => {
    const { edit, url, logs, logged } = await develop(t);
    await url();
    // `launch` passes on stderr, where Node shows the error with its line.
    await edit('router.mjs', 'export function createRouter(', 'export function createRouter((');
    await logged('the server ended; it starts again after the next edit');
    const after = logs.length;

    await edit('router.mjs', 'createRouter((', 'createRouter(');

    assert.equal((await fetch(`${await url(after)}/health`)).status, 200);
  });

  test('takes its server along when it ends', { skip: process.platform === 'win32' }, async (t) => {
    for (const [signal, code] of [
      ['SIGTERM', 0],
      ['SIGKILL', null],
    ]) {
      const { child, exited, url } = await develop(t);
      const address = await url();

      child.kill(signal);

      assert.equal((await exited)[0], code);
      const deadline = performance.now() + 20_000;
      while (
        await fetch(address).then(
          () => true,
          () => false,
        )
      )
        assert.ok(performance.now() < deadline, signal);
    }
  });
});
