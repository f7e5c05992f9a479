/**
 * Diagrams that wait for a parser, in a fair order: who waits is served by what he has had, not by how much he asks.
 */

// After a diagram that cost its parser, all that its caller sends counts as slow for so long, in ms, ...
const PENALTY = 30_000;
// ... as long as a caller without a penalty has asked within this time: else there is nobody to be kept waiting.
const OTHERS_WITHIN = 10_000;

const MOST_CALLERS = 1000; // remembered

/**
 * Jobs `{caller, slow}`: of the callers who wait, the one with the fewest parsers at work comes first, then the one who
 * has had the least of their time; of one caller, who came first.
 */
export class FairQueue {
  #callers = new Map(); // by name, who was new first: {waiting, running, spent, penaltyUntil}
  #length = 0;
  #floor = 0; // ms that the caller served last had had: who comes back has no credit for the time he was away
  #othersAt = -Infinity; // when a caller without a penalty last asked

  get length() {
    return this.#length;
  }

  /** All jobs that wait. */
  all() {
    return [...this.#callers.values()].flatMap(({ waiting }) => waiting);
  }

  /** Let a job wait, behind its caller's others. */
  add(job) {
    const caller = this.#find(job.caller);
    if (!caller.waiting.length && !caller.running) caller.spent = Math.max(caller.spent, this.#floor);
    if (caller.penaltyUntil <= performance.now()) this.#othersAt = performance.now();
    caller.waiting.push(job);
    this.#length += 1;
  }

  /** Let a job that lost its parser wait again, before its caller's others. */
  putBack(job) {
    this.#find(job.caller).waiting.unshift(job);
    this.#length += 1;
  }

  /** Forget a job, if it waits. */
  remove(job) {
    const waiting = this.#callers.get(job.caller)?.waiting ?? [];
    const index = waiting.indexOf(job);
    if (index === -1) return;
    waiting.splice(index, 1);
    this.#length -= 1;
  }

  /** The job to give up so that this caller's next one fits: the last of whom most wait, or null if that is himself. */
  overflow(name) {
    const waits = ({ waiting }) => waiting.length;
    const own = this.#find(name);
    const longest = [...this.#callers.values()].reduce((most, caller) => (waits(caller) > waits(most) ? caller : most));
    return waits(longest) > waits(own) + 1 ? longest.waiting.at(-1) : null;
  }

  /** Whether a job that is no slow one waits. */
  hasQuick() {
    return this.#next(false) !== null;
  }

  /** Take the next job out, also a slow one if that is allowed; null when there is none. */
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
   * A parser is done with a job, in whatever way.
   *
   * @param {object} job
   * @param {number} ran for how long, in ms
   * @param {boolean} costly whether it cost the parser
   */
  finish(job, ran, costly) {
    const caller = this.#find(job.caller);
    caller.running -= 1;
    caller.spent += ran;
    if (costly) caller.penaltyUntil = performance.now() + PENALTY;
  }

  /** Whether a job is known to be slow, or to be expected so. */
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

  /** Make room: for whom nothing is done, and who has no penalty, goes first. */
  #forget() {
    const idle = [...this.#callers].filter(([, { waiting, running }]) => !waiting.length && !running);
    const free = idle.filter(([, { penaltyUntil }]) => penaltyUntil <= performance.now());
    for (const [name] of free.length ? free : idle.slice(0, 1)) this.#callers.delete(name);
  }
}

function age({ waiting }) {
  return waiting[0].since;
}
