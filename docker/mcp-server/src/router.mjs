/**
 * The paths: MCP at /mcp, the health at /health, name and version at /.
 */
import { randomUUID } from 'node:crypto';
import { hostHeaderValidation, originValidation } from '@modelcontextprotocol/node';
import { BodyRefusedError, readBody } from './body.mjs';
import { log, note, noting } from './log.mjs';

const REQUEST_ID = /^[\w.-]{1,64}$/;

// What pages of an allowed origin may send and read. Browsers ask for it before each call (CORS).
const CORS = {
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-allow-headers':
    'accept, authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id, x-request-id',
  'access-control-expose-headers': 'mcp-session-id, mcp-protocol-version, x-request-id',
  'access-control-max-age': '3600',
};
// The header in which the tools read the caller's name. The router always sets it, so what a caller sends in it counts
// only if the settings name the same header.
export const CALLER = 'x-caller';
const LONGEST_CALLER = 64;
const LONGEST_PATH_LOGGED = 200;

const MCP_METHODS = new Set(['GET', 'POST', 'DELETE']);

/**
 * Make the request listener of an HTTP server.
 *
 * @param {object} options
 * @param {object} options.identity `{name, version, description}`
 * @param {string[]} options.allowedHosts host names that requests may be sent to and come from
 * @param {string | null} options.callerHeader the header with the caller's name; null: the caller's address is its name
 * @param {import('./pool.mjs').ParserPool} options.pool
 * @param {Function} options.mcp handles an MCP request
 */
export function createRouter({ identity, allowedHosts, callerHeader, pool, mcp }) {
  const hostAllowed = hostHeaderValidation(allowedHosts);
  const originAllowed = originValidation(allowedHosts);

  async function serveMcp(request, response) {
    if (!hostAllowed(request, response) || !originAllowed(request, response)) return;
    if (request.headers.origin) {
      response.setHeaders(new Map(Object.entries(CORS)));
      response.setHeader('access-control-allow-origin', request.headers.origin);
      response.setHeader('vary', 'Origin');
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { allow: 'DELETE, GET, OPTIONS, POST' }).end();
      return;
    }
    if (!MCP_METHODS.has(request.method)) {
      response.setHeader('allow', 'DELETE, GET, OPTIONS, POST');
      answer(response, 405, { error: '/mcp takes POST' });
      return;
    }
    const body = await readBody(request, response);
    const { method, url } = request;
    const named = callerHeader && request.headers[callerHeader]; // without a setting, a header named `null` must not count
    const caller = named || request.socket.remoteAddress || '';
    const headers = { ...request.headers, [CALLER]: caller.slice(0, LONGEST_CALLER) };
    await mcp({ method, url, headers, [Symbol.asyncIterator]: () => [body][Symbol.iterator]() }, response);
  }

  function serveHealth(response) {
    const { status, ...state } = pool.status();
    const usable = status === 'healthy' || status === 'degraded';
    const uptime = Math.round(process.uptime());
    answer(response, usable ? 200 : 503, {
      status,
      version: identity.version,
      uptime_seconds: uptime,
      pool: state,
    });
  }

  async function route(request, response, path) {
    if (path === '/mcp') return serveMcp(request, response);
    if (path !== '/' && path !== '/health') {
      return answer(response, 404, { error: `nothing is at ${path}; MCP is at /mcp` });
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return answer(response, 405, { error: `${path} takes GET` });
    }
    if (path === '/health') return serveHealth(response);
    return answer(response, 200, { ...identity, mcp: '/mcp', health: '/health' });
  }

  return (request, response) => {
    const started = performance.now();
    const path = withoutEnd(request.url.split('?', 1)[0]);
    const given = request.headers['x-request-id'];
    const fields = {
      request_id: REQUEST_ID.test(given ?? '') ? given : randomUUID(),
      method: request.method,
      path: path.slice(0, LONGEST_PATH_LOGGED),
    };
    response.setHeader('x-request-id', fields.request_id);
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : 499; // the caller closed the connection
      // It is polled many times a second while a stack starts. The pool logs its changes itself.
      if (path === '/health') return;
      log('info', 'request', { ...fields, status, duration_ms: Math.round(performance.now() - started) });
    });
    noting(fields, () =>
      route(request, response, path).catch((error) => {
        note({ error: error.message });
        if (response.headersSent || response.destroyed) response.destroy();
        else if (error instanceof BodyRefusedError) refuse(response, error);
        else answer(response, 500, { error: 'internal error' });
      }),
    );
  };
}

/** A path without the slashes at its end. A pattern takes a second for 16,000 slashes, in which nobody else is served. */
function withoutEnd(path) {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

function refuse(response, { status, message }) {
  if (status === 503) response.setHeader('retry-after', '1');
  answer(response, status, { jsonrpc: '2.0', error: { code: -32000, message }, id: null });
}

function answer(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
