/**
 * The program: the server, and, forked by it with `--parser`, one of its parsers. One entry, because the
 * image holds one bundled file.
 */
import { log } from './log.mjs';

if (process.argv.includes('--parser')) {
  const { serveParent } = await import('./parser.mjs');
  await serveParent();
} else {
  const { ParserPool } = await import('./pool.mjs');
  const { readSettings } = await import('./settings.mjs');
  try {
    const settings = readSettings(process.env);
    // Before the server's own packages are loaded: that takes as long as a parser does to start.
    const pool = new ParserPool({ program: import.meta.filename, ...settings.pool });
    pool.once('ready', () => log('info', 'ready', { after_ms: Math.round(performance.now()) }));
    pool.on('lost', (fields) => log('warning', 'parser lost', fields));
    const { start } = await import('./server.mjs');
    start(settings, pool);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    log('error', 'wrong setting', { error: error.message });
    process.exit(2);
  }
}
