/**
 * Request bodies, within bounds: each one's size, and what all of them together may take of memory.
 */
import { MAX_BODY_BYTES } from './settings.mjs';

// All bodies being read or worked on; 500 callers of a megabyte each would exhaust the container.
const MAX_TOTAL_BYTES = 16 * MAX_BODY_BYTES;

// Who has sent for longer than this, in ms, gives way to a newcomer where memory is short: 16 slow senders could
// otherwise keep everybody out.
const PATIENCE = 1000;

let total = 0;
const reading = new Set(); // the longest first

/** A body that is not taken; `status` is the HTTP answer to it. */
export class BodyRefusedError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Read a request's body. Its bytes count as taken until the response is closed.
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @returns {Promise<Buffer>}
 * @throws {BodyRefusedError} 413 when it is too large, 503 when too much is being read already, 408 when it came
 *   so slowly that it had to give way
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
      // The rest is read and dropped: a caller that is still sending would otherwise see a broken connection,
      // not the answer.
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

/** Make room for a body: refuse the one that has been on its way the longest, if that is too long. */
function dropSlowest(newcomer) {
  const [slowest] = reading;
  if (slowest === newcomer || performance.now() - slowest.since < PATIENCE) return false;
  slowest.refuse(408, 'the body came too slowly while others wait');
  return true;
}
