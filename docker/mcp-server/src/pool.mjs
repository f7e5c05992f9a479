/**
 * The pool of parsers: child processes behind one fair queue. Each parses one diagram at a time, and is killed if that
 * takes too long.
 */
import { EventEmitter } from 'node:events';
import { ParserLostError, PoolBusyError } from './errors.mjs';
import { ParserProcess, SLOW_AFTER } from './process.mjs';
import { FairQueue } from './queue.mjs';

const NONE_FREE = 'no parser came free in time';
const STOPPING = 'the server is stopping';
const START_TIMEOUT = 15_000; // ms; one takes half a second
const OTHERS_AFTER = 1000; // ms after the first parser is ready, when the services that wait for this one start

// When parsers end by themselves, one after the other: ms until the next is started, and after how many the pool is
// unhealthy if none is left. A parser that was killed because of its diagram does not count: its replacement starts at
// once, so that the next caller does not wait longer than necessary.
const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 10_000;
const FAILURES_UNHEALTHY = 3;

// ms that a diagram may take longer if it had to wait: the time to replace a killed parser.
const GRACE = 200;
const SHORTEST_RUN = 100;

const LOOK_AGAIN = 50; // ms between two checks whether a diagram is slow

/**
 * A fixed number of parsers behind one bounded queue.
 *
 * Every diagram is answered or rejected within `timeout` + GRACE ms after its arrival, including the wait.
 *
 * If there are two or more parsers, one is always kept for quick diagrams. A slow diagram gets a parser only if another
 * one is free. A diagram that turns out to be slow in the last parser is stopped if a quick one waits. One spare parser is
 * kept ready for that, so that nobody waits for its start.
 *
 * Emits `ready` when the first parser is ready, and `lost` `{reason, pid, code, signal, stderr, retry_in}` for each
 * parser that ends.
 */
export class ParserPool extends EventEmitter {
  #options;
  #parsers = new Set();
  #queue = new FairQueue();
  #failures = 0; // since a parser has last answered, or lived for a long time
  #everReady = false;
  #closed = false;
  // By reason: three for what a diagram does, one for a quick diagram that waits, one for a caller who is gone.
  #lost = { timeout: 0, memory: 0, crash: 0, preempted: 0, abandoned: 0 };

  /**
   * @param {object} options
   * @param {string} options.program the file to fork
   * @param {number} options.size how many parsers
   * @param {number} options.timeout ms a diagram may take
   * @param {number} options.heap MiB of heap a parser may take
   * @param {number} options.queueLimit how many diagrams may wait
   * @param {number} [options.startTimeout] ms a parser may take to start
   */
  constructor(options) {
    super();
    this.#options = { startTimeout: START_TIMEOUT, ...options };
    this.#spawn(); // one first: together they would take longer
  }

  /**
   * Parse a diagram.
   *
   * @param {string} code
   * @param {object} [options]
   * @param {string} [options.caller] who sent it; the parsers are shared among callers
   * @param {AbortSignal} [options.signal] cancels the diagram, and ends its parser if it is slow
   * @returns {Promise<object>} the diagnosis
   * @throws {PoolBusyError} when the queue is full or moves too slowly
   * @throws {ParserLostError} when the diagram takes too much time or memory, or ends two parsers in a row
   */
  parse(code, { caller = '', signal } = {}) {
    if (this.#closed) return Promise.reject(new PoolBusyError(STOPPING));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#queue.length >= this.#options.queueLimit && !this.#idle() && !this.#makeRoom(caller)) {
      return Promise.reject(new PoolBusyError(`${this.#queue.length} diagrams are waiting already`));
    }
    return new Promise((resolve, reject) => {
      const since = performance.now();
      const job = { code, caller, since, deadline: since + this.#options.timeout + GRACE, slow: false };
      const abandon = () => {
        job.reject(signal.reason);
        job.abandoned = true;
        const parser = this.#busy().find((busy) => busy.job === job && busy.overlong);
        if (parser) this.#kill(parser, 'abandoned');
      };
      const settle = (how) => (value) => {
        clearTimeout(job.timer);
        signal?.removeEventListener('abort', abandon);
        this.#queue.remove(job);
        job.settled = true;
        how(value);
      };
      job.resolve = settle(resolve);
      job.reject = settle(reject);
      signal?.addEventListener('abort', abandon, { once: true });
      this.#queue.add(job);
      this.#wait(job);
    });
  }

  /** The state of the pool, for health checks. */
  status() {
    const parsers = [...this.#parsers];
    const failing = this.#failures >= FAILURES_UNHEALTHY;
    const ready = Math.min(parsers.filter(({ usable }) => usable).length, this.#options.size); // the spare one does not count
    let status = 'healthy';
    if (this.#closed) status = 'stopping';
    else if (ready === 0 && failing) status = 'unhealthy';
    else if (!this.#everReady) status = 'starting';
    else if (ready === 0 || (failing && ready < this.#options.size)) status = 'degraded';
    return {
      status,
      size: this.#options.size,
      ready,
      busy: this.#busy().length,
      queued: this.#queue.length,
      lost: { ...this.#lost },
    };
  }

  /** Kill every parser, and reject all diagrams. */
  close() {
    this.#closed = true;
    for (const job of this.#queue.all()) job.reject(new PoolBusyError(STOPPING));
    for (const parser of this.#parsers) parser.kill('closed');
  }

  #busy() {
    return [...this.#parsers].filter(({ usable, job }) => usable && job);
  }

  #idle() {
    const full = this.#busy().length >= this.#options.size;
    return full ? undefined : [...this.#parsers].find(({ usable, job }) => usable && !job);
  }

  /** Try to make room in the full queue for this caller, by rejecting a diagram of the caller with the most of them. */
  #makeRoom(caller) {
    const job = this.#queue.overflow(caller);
    job?.reject(new PoolBusyError('the queue is full, and most of it is yours'));
    return job !== null;
  }

  #spawn() {
    if (this.#closed) return;
    const parser = new ParserProcess(this.#options);
    this.#parsers.add(parser);
    parser.on('ready', () => this.#welcome());
    parser.on('diagnosis', (diagnosis) => {
      this.#failures = 0;
      this.#release(parser)?.resolve(diagnosis);
      this.#dispatch();
    });
    parser.on('lost', (end) => this.#replace(parser, end));
  }

  #welcome() {
    if (!this.#everReady) {
      this.#everReady = true;
      setTimeout(() => this.#spawnOthers(), OTHERS_AFTER).unref();
      this.emit('ready');
    }
    this.#dispatch();
  }

  #spawnOthers() {
    const { size } = this.#options;
    const spare = size > 1 ? 1 : 0;
    for (let i = 1; i < size + spare; i += 1) this.#spawn();
  }

  #replace(parser, end) {
    this.#parsers.delete(parser);
    const job = this.#release(parser, end.reason);
    if (this.#closed) {
      job?.reject(new PoolBusyError(STOPPING));
      return;
    }
    this.#lost[end.reason] += 1;
    if (job && !job.settled) this.#retry(job, end);
    const backoff = this.#backoff(parser, end.reason);
    this.emit('lost', { ...end, retry_in: backoff });
    setTimeout(() => this.#spawn(), backoff).unref();
  }

  /** Decide about a diagram whose parser has ended: try it again, or reject it. */
  #retry(job, { reason, signal }) {
    if (reason === 'preempted') {
      job.slow = true;
      this.#putBack(job);
    } else if (reason !== 'crash') {
      job.reject(new ParserLostError(reason));
    } else if (!job.retried) {
      // The diagram may not be the reason (the kernel may have needed memory), so another parser tries it.
      job.retried = true;
      this.#putBack(job);
    } else if (signal === 'SIGKILL') {
      job.reject(new PoolBusyError('its parsers were killed from outside'));
    } else {
      job.reject(new ParserLostError(reason));
    }
  }

  #putBack(job) {
    this.#queue.putBack(job);
    this.#wait(job);
  }

  #backoff(parser, reason) {
    if (parser.readySince && reason !== 'crash') return 0;
    if (parser.readySince && performance.now() - parser.readySince > LONGEST_BACKOFF) this.#failures = 0;
    this.#failures += 1;
    return Math.min(FIRST_BACKOFF * 2 ** (this.#failures - 1), LONGEST_BACKOFF);
  }

  /** Give a waiting diagram to a parser as soon as one is free. */
  #wait(job) {
    const left = Math.max(0, job.deadline - SHORTEST_RUN - performance.now()); // after a retry it may be too late already
    job.timer = setTimeout(() => job.reject(new PoolBusyError(NONE_FREE)), left);
    this.#dispatch();
  }

  #dispatch() {
    for (let parser = this.#idle(); parser; parser = this.#idle()) {
      const job = this.#queue.take(this.#maySpareOne());
      if (!job) return;
      this.#run(parser, job);
    }
    if (this.#queue.hasQuick()) this.#preempt();
  }

  /** Whether a slow diagram may have a parser: there is another one for quick diagrams, or there is only one at all. */
  #maySpareOne() {
    const { size } = this.#options;
    return size === 1 || this.#busy().filter((parser) => this.#isSlow(parser)).length < size - 1;
  }

  /** If slow diagrams have all parsers, end the one that has worked for the shortest time. */
  #preempt() {
    const { size } = this.#options;
    const slow = this.#busy().filter((parser) => this.#isSlow(parser));
    if (size === 1 || slow.length < size) return;
    // A diagram whose caller is gone comes first.
    this.#kill(slow.sort((a, b) => b.job.settled - a.job.settled || a.ran - b.ran)[0], 'preempted');
  }

  #isSlow({ job, overlong }) {
    return overlong || this.#queue.isSlow(job);
  }

  #kill(parser, reason) {
    parser.kill(reason);
    this.#dispatch(); // the spare parser takes its place
  }

  #run(parser, job) {
    clearTimeout(job.timer);
    const { timeout } = this.#options;
    const left = job.deadline - performance.now();
    // On a busy machine a small diagram lacks the time, too. That says nothing about the diagram.
    const lost = () => new ParserLostError(parser.overlong ? 'timeout' : 'starved');
    if (left < timeout) {
      // It got its parser late, but its caller is still answered in time. The parser goes on: on a busy machine, to
      // replace it would cause more work.
      const error = () => (left < timeout / 2 ? new PoolBusyError(NONE_FREE) : lost());
      job.timer = setTimeout(() => job.reject(error()), Math.max(0, left));
    }
    job.limit = setTimeout(() => {
      job.reject(lost());
      this.#kill(parser, 'timeout');
    }, timeout);
    parser.run(job);
    this.#watch(parser, job, SLOW_AFTER);
  }

  /** Check again and again whether a diagram is slow. */
  #watch(parser, job, after) {
    job.watch = setTimeout(() => {
      if (!parser.overlong) this.#watch(parser, job, LOOK_AGAIN);
      else if (job.abandoned) this.#kill(parser, 'abandoned');
      else this.#dispatch();
    }, after);
  }

  /** Take the job from a parser that has finished it, or that has ended for a reason. */
  #release(parser, reason) {
    const { job, ran } = parser;
    if (!job) return null;
    clearTimeout(job.limit);
    clearTimeout(job.watch);
    this.#queue.finish(job, ran, reason !== undefined && reason !== 'crash');
    parser.job = null;
    return job;
  }
}
