/**
 * Starts and stops the HTTP server.
 */
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import manifest from '../package.json' with { type: 'json' };
import { log, note } from './log.mjs';
import { CALLER, createRouter } from './router.mjs';
import { MAX_BODY_BYTES } from './settings.mjs';
import { createTools } from './tools.mjs';

const { name, version, description } = manifest;

// For slow callers: ms until the headers, and until the whole request, must have arrived.
const TIMEOUTS = {
  headersTimeout: 5000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 65_000,
};

// ms that requests may go on after the signal to stop. The whole stop must take less than a second.
const DRAIN = 500;

/**
 * Start the server, and stop it and its parsers on SIGTERM or SIGINT.
 *
 * @param {ReturnType<typeof import('./settings.mjs').readSettings>} settings
 * @param {import('./pool.mjs').ParserPool} pool the parsers
 */
export function start(settings, pool) {
  const make = ({ requestInfo }) => createTools({ name, version }, pool, requestInfo?.headers.get(CALLER) ?? '');
  const handler = createMcpHandler(make, {
    legacy: 'stateless',
    maxRequestBodySize: MAX_BODY_BYTES,
    onerror: (error) => note({ error: error.message }),
  });
  const mcp = toNodeHandler(handler, {
    maxRequestBodySize: MAX_BODY_BYTES,
    onerror: (error) => note({ error: error.message }),
  });
  const router = createRouter({
    identity: { name, version, description },
    allowedHosts: settings.allowedHosts,
    callerHeader: settings.callerHeader,
    pool,
    mcp,
  });
  const server = createServer(TIMEOUTS, router);
  server.once('error', (error) => {
    log('error', 'cannot listen', { host: settings.host, port: settings.port, error: error.message });
    process.exit(1);
  });
  server.listen(settings.port, settings.host, () => {
    const { address, port } = server.address();
    log('info', 'listening', { address, port, version, node: process.version });
  });

  let stopping = false;
  const stop = async (signal) => {
    if (stopping) return;
    stopping = true;
    log('info', 'stopping', { signal });
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), DRAIN).unref();
    await closed;
    await handler.close();
    pool.close();
    log('info', 'stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
  process.once('disconnect', () => stop('disconnect')); // the development server that started this one is gone
}
