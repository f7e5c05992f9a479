/**
 * Diagrams that have ended a parser, by their hash. If one is sent again, it is answered at once without a parser.
 */
import { createHash } from 'node:crypto';

const MOST = 1000;
const LIFETIME = 10 * 60_000; // ms; later it is tried again, since the machine may have been busy

export class Undecided {
  #reasons = new Map(); // hash → {reason, until}, the oldest first

  /** Why this diagram could not be decided a short time ago, or null. */
  find(code) {
    const known = this.#reasons.get(hash(code));
    return known && known.until > performance.now() ? known.reason : null;
  }

  /** Remember why a diagram could not be decided. */
  add(code, reason) {
    const key = hash(code);
    this.#reasons.delete(key);
    this.#reasons.set(key, { reason, until: performance.now() + LIFETIME });
    if (this.#reasons.size > MOST) this.#reasons.delete(this.#reasons.keys().next().value);
  }
}

function hash(code) {
  return createHash('sha256').update(code).digest('base64');
}
