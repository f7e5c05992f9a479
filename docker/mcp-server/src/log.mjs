/**
 * Structured logs: one JSON object a line on stdout, or on stderr where stdout is the client's.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const output = process.argv.includes('--stdio') ? process.stderr : process.stdout;
const requests = new AsyncLocalStorage();

/**
 * Write one line.
 *
 * @param {'info' | 'warning' | 'error'} level
 * @param {string} message what happened, the same words each time
 * @param {object} [fields] the facts of this time
 */
export function log(level, message, fields = {}) {
  output.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
}

/** Run the handling of a request; what it notes is added to `fields`. */
export function noting(fields, handle) {
  return requests.run(fields, handle);
}

/** Add facts to the log line of the request being handled. */
export function note(fields) {
  Object.assign(requests.getStore() ?? {}, fields);
}
