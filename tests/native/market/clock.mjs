// Answers with its environment. Told to, it does not listen to SIGTERM, starts a child that does not either, or crashes.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

if (process.env.CRASH) {
  console.error('the spring is broken');
  process.exit(7);
}
if (process.env.STUBBORN) process.on('SIGTERM', () => console.log('no'));
if (process.env.SPAWN) {
  const deaf = "process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000)";
  spawn(process.execPath, ['-e', deaf], { detached: true, stdio: 'inherit' }).unref();
}
createServer((_, response) => response.end(JSON.stringify({ status: 'ok', environment: process.env }))).listen(
  Number(process.env.PORT),
  '127.0.0.1',
  () => console.log('ticks'),
);
