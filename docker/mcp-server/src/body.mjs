/**
 * Request bodies, within bounds: each one's size, and what all of them together may take of memory.
 */
import { MAX_BODY_BYTES } from './settings.mjs';

// All bodies being read or worked on; 500 callers of a megabyte each would exhaust the container.
const MAX_TOTAL_BYTES = 16 * MAX_BODY_BYTES;

let total = 0;

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
 * @throws {BodyRefusedError} 413 when it is too large, 503 when too much is being read already
 */
export async function readBody(request, response) {
  const chunks = [];
  let size = 0;
  response.once('close', () => {
    total -= size;
  });
  const refuse = (status, message) => {
    // The rest is read and dropped: a caller that is still sending would otherwise see a broken connection,
    // not the answer.
    request.resume();
    throw new BodyRefusedError(status, message);
  };
  const tooLarge = `the body is larger than ${MAX_BODY_BYTES} bytes`;
  if (Number(request.headers['content-length']) > MAX_BODY_BYTES) refuse(413, tooLarge);
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    total += chunk.length;
    if (size > MAX_BODY_BYTES) refuse(413, tooLarge);
    if (total > MAX_TOTAL_BYTES) refuse(503, 'too many large requests at once');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
