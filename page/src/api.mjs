/** The service's API, as the page uses it. */
import { key } from './key.mjs';

/** A problem document, or what came in its place. */
export class Problem extends Error {
  /**
   * @param {{type?: string, title?: string, detail?: string, status?: number}} document
   * @param {number} retryAfter seconds, 0 where nothing was said
   */
  constructor(document, retryAfter = 0) {
    super(document.detail || document.title || 'The server does not say why.');
    this.type = document.type ?? 'about:blank';
    this.title = document.title ?? 'It did not work';
    this.status = document.status ?? 0;
    this.retryAfter = retryAfter;
    /** What a model wrote in vain, where somebody else was quicker. */
    this.written = document.code;
  }
}

const TRIES = 3; // a network that has just changed may change again

/** Told to whoever listens for 'unauthorized': a request was refused for want of a key. */
export const access = new EventTarget();

/**
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {{body?: object, signal?: AbortSignal, accept?: string, again?: boolean}} options `again`: it may be asked again,
 *   where a connection is lost: a browser drops them when a laptop changes from one network to another
 * @returns {Promise<Response>} one that succeeded
 * @throws {Problem} the server refuses, or is not there
 */
export async function request(method, path, { body, signal, accept = 'application/json', again = method === 'GET' } = {}) {
  const headers = { Accept: accept };
  if (body) headers['Content-Type'] = 'application/json';
  if (key.value) headers.Authorization = `Bearer ${key.value}`;
  let response;
  for (let tries = again ? TRIES : 1; !response; tries -= 1) {
    try {
      response = await fetch(`api/v1/${path}`, { method, headers, body: body && JSON.stringify(body), signal, cache: 'no-store' });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      if (tries === 1) throw new Problem({ title: 'The server does not answer', detail: 'Is it running, and are you connected to it?' });
    }
  }
  if (response.ok) return response;
  const document = await response.json().catch(() => ({ title: `The server answered ${response.status}` }));
  if (response.status === 401) access.dispatchEvent(new Event('unauthorized'));
  throw new Problem({ ...document, status: response.status }, Number(response.headers.get('Retry-After')) || 0);
}

async function json(method, path, options) {
  const response = await request(method, path, options);
  return response.status === 204 ? null : response.json();
}

export const api = {
  session: () => json('GET', 'session'),
  types: () => json('GET', 'diagram-types'),
  list: (query) => json('GET', `diagrams?${new URLSearchParams(query)}`),
  show: (id) => json('GET', `diagrams/${encodeURIComponent(id)}`),
  revisions: (id, query) => json('GET', `diagrams/${encodeURIComponent(id)}/revisions?${new URLSearchParams(query)}`),
  validate: (code, signal) => json('POST', 'diagrams/validate', { body: { code }, signal, again: true }),
  create: (body) => json('POST', 'diagrams', { body }),
  revise: (id, body) => json('POST', `diagrams/${encodeURIComponent(id)}/revisions`, { body }),
  rename: (id, title) => json('PATCH', `diagrams/${encodeURIComponent(id)}`, { body: { title } }),
  remove: (id) => json('DELETE', `diagrams/${encodeURIComponent(id)}`),
  restore: (id) => json('POST', `diagrams/${encodeURIComponent(id)}/restore`),
};
