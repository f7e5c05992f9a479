/**
 * The server for one client that started it: MCP over stdin and stdout, until stdin is closed.
 */
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import manifest from '../package.json' with { type: 'json' };
import { log } from './log.mjs';
import { createTools } from './tools.mjs';

const { name, version } = manifest;

/**
 * Serve the client. When it closes, end the parsers and the process.
 *
 * @param {import('./pool.mjs').ParserPool} pool the parsers
 */
export function start(pool) {
  const transport = new StdioServerTransport();
  const server = serveStdio(() => createTools({ name, version }, pool, ''), {
    transport,
    onerror: (error) => log('warning', 'protocol', { error: error.message }),
  });
  let stopping = false;
  const stop = async (why) => {
    if (stopping) return;
    stopping = true;
    log('info', 'stopping', { why });
    pool.close();
    await server.close();
    process.exit(0);
  };
  process.stdin.once('end', () => stop('stdin was closed'));
  process.stdin.once('error', () => stop('stdin was closed'));
  process.stdout.once('error', () => stop('stdout was closed'));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop(signal));
}
