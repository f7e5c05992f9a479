/**
 * Diagrams that wait for a parser, in a fair order: callers who have used less parser time come first.
 */

// After a diagram that has ended its parser, everything from its caller counts as slow for this time in ms (a penalty) …
const PENALTY = 30_000;
// … if a caller without a penalty has sent something within this time. Otherwise nobody would have to wait.
const OTHERS_WITHIN = 10_000;

const MOST_CALLERS = 1000; // remembered

/**
 * Jobs `{caller, slow}`. The caller with the fewest running parsers comes first, then the one with the least parser time.
 * The jobs of one caller keep their order.
 */
export class FairQueue {
  #callers = new Map(); // by name, the oldest first: {waiting, running, spent, penaltyUntil}
  #length = 0;
  #floor = 0; // ms of parser time that the last served caller had: callers who come back start with it, without credit
  #othersAt = -Infinity; // when a caller without a penalty last sent something

  get length() {
    return this.#length;
  }

  /** All jobs that wait. */
  all() {
    return [...this.#callers.values()].flatMap(({ waiting }) => waiting);
  }

  /** Add a job after the other jobs of its caller. */
  add(job) {
    const caller = this.#find(job.caller);
    if (!caller.waiting.length && !caller.running) caller.spent = Math.max(caller.spent, this.#floor);
    if (caller.penaltyUntil <= performance.now()) this.#othersAt = performance.now();
    caller.waiting.push(job);
    this.#length += 1;
  }

  /** Add a job that has lost its parser again, before the other jobs of its caller. */
  putBack(job) {
    this.#find(job.caller).waiting.unshift(job);
    this.#length += 1;
  }

  /** Remove a job if it waits. */
  remove(job) {
    const waiting = this.#callers.get(job.caller)?.waiting ?? [];
    const index = waiting.indexOf(job);
    if (index === -1) return;
    waiting.splice(index, 1);
    this.#length -= 1;
  }

  /** The job to reject, so that one of this caller fits: the last one of the caller with the most jobs; null if none. */
  overflow(name) {
    const waits = ({ waiting }) => waiting.length;
    const own = this.#find(name);
    const longest = [...this.#callers.values()].reduce((most, caller) => (waits(caller) > waits(most) ? caller : most));
    return waits(longest) > waits(own) + 1 ? longest.waiting.at(-1) : null;
  }

  /** Whether a quick job waits. */
  hasQuick() {
    return this.#next(false) !== null;
  }

  /** Take the next job out of the queue; a slow one only if `slowToo`. Null if there is none. */
  take(slowToo) {
    const caller = this.#next(slowToo);
    if (!caller) return null;
    const job = caller.waiting.find((waiting) => slowToo || !this.isSlow(waiting));
    this.remove(job);
    caller.running += 1;
    this.#floor = Math.max(this.#floor, caller.spent);
    return job;
  }

  /**
   * A parser has finished a job, or has ended.
   *
   * @param {object} job
   * @param {number} ran ms that it took
   * @param {boolean} costly whether it has ended the parser
   */
  finish(job, ran, costly) {
    const caller = this.#find(job.caller);
    caller.running -= 1;
    caller.spent += ran;
    if (costly) caller.penaltyUntil = performance.now() + PENALTY;
  }

  /** Whether a job is slow, or counts as slow because of a penalty. */
  isSlow(job) {
    const now = performance.now();
    const penalised = this.#callers.get(job.caller)?.penaltyUntil > now;
    return job.slow || (penalised && this.#othersAt > now - OTHERS_WITHIN);
  }

  #next(slowToo) {
    let best = null;
    for (const caller of this.#callers.values()) {
      if (!caller.waiting.some((job) => slowToo || !this.isSlow(job))) continue;
      const order = best && (caller.running - best.running || caller.spent - best.spent || age(caller) - age(best));
      if (!best || order < 0) best = caller;
    }
    return best;
  }

  #find(name) {
    const known = this.#callers.get(name);
    if (known) return known;
    if (this.#callers.size >= MOST_CALLERS) this.#forget();
    const caller = { waiting: [], running: 0, spent: this.#floor, penaltyUntil: 0 };
    this.#callers.set(name, caller);
    return caller;
  }

  /** Make room: remove callers without jobs and without a penalty, else the oldest caller without jobs. */
  #forget() {
    const idle = [...this.#callers].filter(([, { waiting, running }]) => !waiting.length && !running);
    const free = idle.filter(([, { penaltyUntil }]) => penaltyUntil <= performance.now());
    for (const [name] of free.length ? free : idle.slice(0, 1)) this.#callers.delete(name);
  }
}

function age({ waiting }) {
  return waiting[0].since;
}
