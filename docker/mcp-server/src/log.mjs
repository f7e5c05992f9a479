/**
 * Structured logs: one JSON object per line on stdout, or on stderr with `--stdio`, where stdout belongs to the client.
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

/** Run the handling of a request. Facts from `note` are added to `fields`. */
export function noting(fields, handle) {
  return requests.run(fields, handle);
}

/** Add facts to the log line of the request being handled. */
export function note(fields) {
  Object.assign(requests.getStore() ?? {}, fields);
}
