/**
 * What a checkout needs before its sources run: the locked packages, and Mermaid bundled.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { log } from './log.mjs';

const root = path.dirname(import.meta.dirname);

/**
 * Install and build what is missing or does not match the lock file; nothing, where all is there, as in the
 * image.
 *
 * @throws {Error} when npm is not beside this Node, or fails
 */
export async function prepare() {
  if (!(await isInstalled())) await install();
  const { buildMermaid } = await import('../build.mjs');
  await buildMermaid();
}

/** Whether node_modules holds every package that the build needs, in its locked version. */
async function isInstalled() {
  const read = async (...names) => JSON.parse(await readFile(path.join(root, ...names), 'utf8')).packages;
  const locked = await read('package-lock.json');
  const present = await read('node_modules', '.package-lock.json').catch(() => ({}));
  return Object.entries(locked).every(
    ([place, { dev, optional, version }]) => !place || dev || optional || present[place]?.version === version,
  );
}

async function install() {
  log('info', 'installing packages', { into: path.join(root, 'node_modules') });
  const options = ['--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const npm = spawn(process.execPath, [findNpm(), 'ci', ...options], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise((resolve, reject) => npm.once('close', resolve).once('error', reject));
  if (code !== 0) throw new Error(`npm ci failed with exit code ${code}; its output is above`);
}

/**
 * npm's program file. Where it stands differs between POSIX, Windows and the Python wheel that carries Node.
 */
function findNpm() {
  const folder = path.dirname(process.execPath);
  const found = ['../lib', '.', 'lib']
    .map((place) => path.join(folder, place, 'node_modules', 'npm', 'bin', 'npm-cli.js'))
    .find((file) => existsSync(file));
  if (!found) throw new Error(`there is no npm beside ${process.execPath}; run "npm ci" in ${root} yourself`);
  return found;
}
