#!/usr/bin/env node
/**
 * The program: the server over HTTP, or with `--stdio` for the client that started it. Each parser is a process of its
 * own (parser.mjs).
 */
import path from 'node:path';
import { log } from './log.mjs';
import { ParserPool } from './pool.mjs';
import { readSettings } from './settings.mjs';

try {
  const settings = readSettings(process.env);
  // Before the packages of the server are loaded, which takes as long as the start of a parser.
  const pool = new ParserPool({ program: path.join(import.meta.dirname, 'parser.mjs'), ...settings.pool });
  pool.once('ready', () => log('info', 'ready', { after_ms: Math.round(performance.now()) }));
  pool.on('lost', (fields) => log('warning', 'parser lost', fields));
  if (process.argv.includes('--stdio')) {
    const { start } = await import('./stdio.mjs');
    start(pool);
  } else {
    const { start } = await import('./server.mjs');
    start(settings, pool);
  }
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  log('error', 'wrong setting', { error: error.message });
  process.exit(2);
}
