/**
 * The development server: runs the sources and starts them again after each edit.
 *
 * Not by `node --watch`, which does not see the files of the forked parsers, nor edits on mounts without file events
 * (network drives, some set-ups on Windows and macOS). To compare the times of some files works everywhere.
 */
import { fork } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from './log.mjs';
import { prepare } from './prepare.mjs';

const sources = import.meta.dirname;
const LOOK_EVERY = 150; // ms
const STOP_WITHIN = 2000; // ms

let server;
let stopping = false;

/** Names, times and sizes of the sources as one string, to compare. */
async function look() {
  const names = (await readdir(sources)).sort();
  const times = await Promise.all(
    names.map(async (name) => {
      const { mtimeMs, size } = await stat(path.join(sources, name));
      return `${name} ${mtimeMs} ${size}`;
    }),
  );
  return times.join('\n');
}

function startServer() {
  server = fork(path.join(sources, 'main.mjs'), { execArgv: [] });
  server.exited = new Promise((resolve) => server.once('exit', resolve));
  server.once('exit', (code) => {
    if (stopping) process.exit(code ?? 0);
    if (code) log('error', 'the server ended; it starts again after the next edit', { code });
  });
}

async function stopServer() {
  const forced = setTimeout(() => server.kill('SIGKILL'), STOP_WITHIN);
  server.kill('SIGTERM');
  await server.exited;
  clearTimeout(forced);
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    stopping = true;
    if (server) await stopServer();
    process.exit(0);
  });
}

await prepare();
// V8's compiled code of the packages is stored, so that the next start takes a third less time. The image contains it.
process.env.NODE_COMPILE_CACHE ||= path.join(path.dirname(sources), 'dist', 'compiled');
let seen = await look();
startServer();
while (!stopping) {
  await sleep(LOOK_EVERY);
  const now = await look().catch(() => seen); // a file has just disappeared, because an editor saves it
  if (now !== seen && !stopping) {
    seen = now;
    log('info', 'sources changed, starting again');
    await stopServer();
    startServer();
  }
}
