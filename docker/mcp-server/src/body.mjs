/**
 * Reads the bodies of requests, with limits: the size of each one, and the memory of all of them together.
 */
import { MAX_BODY_BYTES } from './settings.mjs';

// For all bodies that are being read or worked on: 500 callers with a megabyte each would exhaust the container.
const MAX_TOTAL_BYTES = 16 * MAX_BODY_BYTES;

// If memory is short, a body that has taken longer than this (in ms) is refused to make room for a new one. Otherwise 16
// slow senders could keep everybody out.
const PATIENCE = 1000;

let total = 0;
const reading = new Set(); // the longest first

/** A body is refused; `status` is the HTTP status of the answer. */
export class BodyRefusedError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Read the body of a request. Its bytes count until the response is closed.
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @returns {Promise<Buffer>}
 * @throws {BodyRefusedError} 413 if it is too large, 503 if too much is being read already, 408 if it was slow and had
 *   to make room for others
 */
export function readBody(request, response) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    const body = { since: performance.now(), size: 0 };
    const free = () => {
      total -= body.size;
      body.size = 0;
    };
    body.refuse = (status, message) => {
      reading.delete(body);
      free();
      // The rest is read and dropped. Otherwise a caller that is still sending would see a broken connection in place
      // of the answer.
      request.removeAllListeners('data').resume();
      chunks.length = 0;
      reject(new BodyRefusedError(status, message));
    };
    const tooLarge = `the body is larger than ${MAX_BODY_BYTES} bytes`;
    response.once('close', () => {
      reading.delete(body);
      free();
    });
    request.once('error', reject);
    if (Number(request.headers['content-length']) > MAX_BODY_BYTES) {
      body.refuse(413, tooLarge);
      return;
    }
    reading.add(body);
    request.on('data', (chunk) => {
      body.size += chunk.length;
      total += chunk.length;
      if (body.size > MAX_BODY_BYTES) body.refuse(413, tooLarge);
      else if (total > MAX_TOTAL_BYTES && !dropSlowest(body)) {
        body.refuse(503, 'too many large requests at once');
      } else chunks.push(chunk);
    });
    request.once('end', () => {
      reading.delete(body);
      resolve(Buffer.concat(chunks));
    });
  });
}

/** Make room for a body: refuse the slowest one, if it has taken too long. Returns whether there is room. */
function dropSlowest(newcomer) {
  const [slowest] = reading;
  if (slowest === newcomer || performance.now() - slowest.since < PATIENCE) return false;
  slowest.refuse(408, 'the body came too slowly while others wait');
  return true;
}
