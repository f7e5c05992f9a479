/**
 * Diagrams that cost a parser, by their hash: who sends one again is answered at once, and no parser is lost for it.
 */
import { createHash } from 'node:crypto';

const MOST = 1000;
const LIFETIME = 10 * 60_000; // ms: the machine may have been slow that day, and is asked again

export class Undecided {
  #reasons = new Map(); // hash → {reason, until}, the oldest first

  /** Why this diagram could not be decided lately, or null. */
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
