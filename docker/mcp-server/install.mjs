/**
 * Installs the locked packages of the current folder: `node install.mjs`; with `--prod` only those for running. The
 * page (../../page) uses it too.
 *
 * npm, which comes with Node, installs pnpm from pnpm/package-lock.json, which has its hash. pnpm installs the packages:
 * it links files from a store that all checkouts share. npm would unpack 11,000 files for each checkout, which takes
 * four times as long (13 s in place of 3 s, measured).
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const here = import.meta.dirname;
const tool = path.join(here, 'pnpm');

/**
 * Replace the installed packages by those in the folder's pnpm-lock.yaml. Scripts of packages are not run.
 *
 * @param {string[]} options of `pnpm install`
 * @param {string} folder that holds package.json and pnpm-lock.yaml
 * @throws {Error} when npm is not beside this Node, or one of the two fails
 */
export async function install(options = [], folder = here) {
  await rm(path.join(folder, 'node_modules'), { recursive: true, force: true });
  const quietly = ['--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  await run(folder, findNpm(), 'ci', '--prefix', tool, '--no-audit', '--no-fund', ...quietly);
  await run(
    folder,
    path.join(tool, 'node_modules', 'pnpm', 'bin', 'pnpm.mjs'),
    'install',
    '--frozen-lockfile',
    '--ignore-workspace',
    ...quietly,
    ...options,
  );
  await writeFile(stamp(folder), await lockHash(folder));
}

/** Whether the packages in a folder are those of its lock. */
export async function isInstalled(folder = here) {
  return (await readFile(stamp(folder), 'utf8').catch(() => '')) === (await lockHash(folder));
}

/** The file with the hash of the lock; it is written after all packages are installed. */
function stamp(folder) {
  return path.join(folder, 'node_modules', '.installed');
}

async function lockHash(folder) {
  const lock = await readFile(path.join(folder, 'pnpm-lock.yaml'));
  return createHash('sha256').update(lock).digest('hex');
}

async function run(folder, ...words) {
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  if (code !== 0) {
    const name = path.basename(words[0]).replace(/(-cli)?\.\w+$/, '');
    throw new Error(`${name} ${words[1]} failed with exit code ${code}; its output is above`);
  }
}

/**
 * The file of npm. Its place differs between POSIX, Windows and the Python wheel with Node.
 */
function findNpm() {
  const folder = path.dirname(process.execPath);
  const found = ['../lib', '.', 'lib']
    .map((place) => path.join(folder, place, 'node_modules', 'npm', 'bin', 'npm-cli.js'))
    .find((file) => existsSync(file));
  if (!found) throw new Error(`there is no npm beside ${process.execPath}`);
  return found;
}

if (import.meta.main) {
  await install(process.argv.slice(2), process.cwd()).catch((error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  });
}
