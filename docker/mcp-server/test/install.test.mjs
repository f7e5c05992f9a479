import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from './running.mjs';

/** A copy of what an install needs, beside the packages that are installed here. */
async function copy(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-install-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const name of ['install.mjs', 'package.json', 'pnpm-lock.yaml', 'pnpm/package.json', 'pnpm/package-lock.json'])
    await cp(path.join(root, name), path.join(folder, name));
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  return folder;
}

suite('an install', () => {
  test('is due when the lock is another than the one that was installed', async (t) => {
    const folder = await copy(t);
    const { isInstalled } = await import(pathToFileURL(path.join(folder, 'install.mjs')));
    assert.equal(await isInstalled(), true);

    await appendFile(path.join(folder, 'pnpm-lock.yaml'), '# another\n');

    assert.equal(await isInstalled(), false);
  });

  test('that fails says so in a line, and is due again', async (t) => {
    const folder = await copy(t);

    const { status, stderr } = spawnSync(process.execPath, [path.join(folder, 'install.mjs')], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        USERPROFILE: folder,
        npm_config_cache: path.join(folder, 'cache'),
        npm_config_registry: 'http://127.0.0.1:1',
        npm_config_fetch_retries: '0',
      },
    });

    assert.equal(status, 1);
    assert.match(stderr, /ECONNREFUSED/);
    assert.match(stderr, /^error: npm ci failed with exit code 1; its output is above\n$/m);
    assert.ok(!stderr.includes('    at async install'), stderr);
    assert.equal((await readdir(folder)).includes('node_modules'), false);
    assert.ok((await readdir(root)).includes('node_modules'));
  });
});
