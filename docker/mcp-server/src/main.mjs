/**
 * The program: the server, and, forked by it with `--parser`, one of its parsers. One entry, because the
 * image holds one bundled file.
 */
import { log } from './log.mjs';

if (process.argv.includes('--parser')) {
  const { serveParent } = await import('./parser.mjs');
  await serveParent();
} else {
  const { start } = await import('./server.mjs');
  try {
    start({ program: import.meta.filename, environment: process.env });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    log('error', 'wrong setting', { error: error.message });
    process.exit(2);
  }
}
