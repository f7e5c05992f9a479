/**
 * Parsers in child processes: each takes one diagram at a time and is killed when it takes too long.
 *
 * Not worker threads: a diagram that exhausts its thread's memory can take the whole process with it.
 */
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';

/** No parser came free in time; the caller may try again. */
export class PoolBusyError extends Error {}

/** A diagram costs whatever parser it is given; `reason` is `timeout`, `memory` or `crash`. */
export class ParserLostError extends Error {
  constructor(reason) {
    super(`the parser was lost: ${reason}`);
    this.reason = reason;
  }
}

const NONE_FREE = 'no parser came free in time';
const STOPPING = 'the server is stopping';
const START_TIMEOUT = 15_000; // ms; one takes half a second
const OTHERS_AFTER = 1000; // ms after the first parser is ready: what waits for this server starts just then
const HEAP_EXHAUSTED = /heap (out of memory|limit)|allocation failed/i;

// Parsers that end by themselves, one after the other: ms until the next is started, and how many make the pool
// unhealthy when none is left. A diagram's fault is no such failure: killing a parser for it takes its time anyway,
// and the next caller should not have to wait for a new one longer than that takes to start.
const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 10_000;
const FAILURES_UNHEALTHY = 3;

// How much later than others, in ms, a diagram is answered that had to wait: time to replace a killed parser.
// However long it waited, it has at least the second with a parser; ordinary diagrams need half of that.
const GRACE = 200;
const SHORTEST_RUN = 100;

/**
 * A fixed number of parsers behind one bounded queue.
 *
 * Every diagram is answered, or given up, within `timeout` + GRACE ms of its arrival, waiting included.
 *
 * Emits `ready` when the first parser is, and `lost` `{reason, pid, code, signal, stderr, retry_in}` for each
 * that ends.
 */
export class ParserPool extends EventEmitter {
  #options;
  #parsers = new Set();
  #queue = [];
  #failures = 0; // since a parser last proved itself: by an answer, or by living long
  #everReady = false;
  #closed = false;
  #lost = { timeout: 0, memory: 0, crash: 0 };

  /**
   * @param {object} options
   * @param {string} options.program the file to fork with `--parser`
   * @param {number} options.size how many parsers
   * @param {number} options.timeout ms a diagram may take
   * @param {number} options.heap MiB of heap a parser may take
   * @param {number} options.queueLimit how many diagrams may wait
   * @param {number} [options.startTimeout] ms a parser may take to start
   */
  constructor(options) {
    super();
    this.#options = { startTimeout: START_TIMEOUT, ...options };
    this.#spawn(); // the others after it: beside it, both would take longer
  }

  /**
   * Have a diagram parsed.
   *
   * @param {string} code
   * @param {AbortSignal} [signal] gives the diagram up while it waits
   * @returns {Promise<object>} the diagnosis
   * @throws {PoolBusyError} when the queue is full or moves too slowly
   * @throws {ParserLostError} when the diagram costs its parser: time, memory, or two parsers in a row
   */
  parse(code, signal) {
    if (this.#closed) return Promise.reject(new PoolBusyError(STOPPING));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#queue.length >= this.#options.queueLimit && !this.#idle()) {
      return Promise.reject(new PoolBusyError(`${this.#queue.length} diagrams are waiting already`));
    }
    return new Promise((resolve, reject) => {
      const job = { code, deadline: performance.now() + this.#options.timeout + GRACE };
      const settle = (how) => (value) => {
        clearTimeout(job.timer);
        this.#queue = this.#queue.filter((other) => other !== job);
        job.settled = true;
        how(value);
      };
      job.resolve = settle(resolve);
      job.reject = settle(reject);
      signal?.addEventListener('abort', () => job.reject(signal.reason), { once: true });
      this.#queue.push(job);
      this.#wait(job);
    });
  }

  /** How the pool is, for a health check. */
  status() {
    const parsers = [...this.#parsers];
    const failing = this.#failures >= FAILURES_UNHEALTHY;
    const ready = parsers.filter((parser) => parser.ready && !parser.reason).length;
    let status = 'healthy';
    if (this.#closed) status = 'stopping';
    else if (ready === 0 && failing) status = 'unhealthy';
    else if (!this.#everReady) status = 'starting';
    else if (ready === 0 || (failing && ready < this.#options.size)) status = 'degraded';
    return {
      status,
      size: this.#options.size,
      ready,
      busy: parsers.filter((parser) => parser.job).length,
      queued: this.#queue.length,
      lost: { ...this.#lost },
    };
  }

  /** Kill every parser; what is being parsed or waits is given up. */
  close() {
    this.#closed = true;
    for (const job of [...this.#queue]) job.reject(new PoolBusyError(STOPPING));
    for (const parser of this.#parsers) parser.child?.kill('SIGKILL');
  }

  #idle() {
    return [...this.#parsers].find((parser) => parser.ready && !parser.job && !parser.reason);
  }

  #spawn() {
    if (this.#closed) return;
    const parser = { child: null, ready: 0, job: null, timer: null, reason: null, stderr: '' };
    this.#parsers.add(parser);
    try {
      parser.child = fork(this.#options.program, ['--parser'], {
        // The small young generation holds a parser at about 200 MB; without it, it grows to 300.
        // One thread for the garbage, so that a parser at work takes one core and the server keeps its share.
        execArgv: [
          `--max-old-space-size=${this.#options.heap}`,
          '--max-semi-space-size=8',
          '--single-threaded-gc',
        ],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
    } catch (error) {
      // Out of memory or processes. The constructor's caller has yet to listen.
      parser.stderr = error.message;
      setImmediate(() => this.#replace(parser, null, null));
      return;
    }
    const { child } = parser;
    child.on('message', (message) => this.#receive(parser, message));
    child.on('error', (error) => {
      parser.stderr ||= error.message; // a failed start, send or kill; `close` follows
    });
    child.on('close', (code, signal) => this.#replace(parser, code, signal));
    // There is none where the server has no file descriptors left.
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      parser.stderr = (parser.stderr + text).slice(-2000);
    });
    parser.timer = setTimeout(() => this.#kill(parser), this.#options.startTimeout);
  }

  #kill(parser) {
    parser.reason = 'timeout';
    parser.child.kill('SIGKILL');
  }

  #receive(parser, message) {
    clearTimeout(parser.timer);
    if (message.ready) {
      parser.ready = performance.now();
      if (!this.#everReady) {
        this.#everReady = true;
        setTimeout(() => this.#spawnOthers(), OTHERS_AFTER).unref();
        this.emit('ready');
      }
    } else if (parser.job) {
      this.#failures = 0;
      parser.job.resolve(message.diagnosis);
      parser.job = null;
    }
    this.#dispatch();
  }

  #spawnOthers() {
    for (let i = 1; i < this.#options.size; i += 1) this.#spawn();
  }

  #replace(parser, code, signal) {
    this.#parsers.delete(parser);
    clearTimeout(parser.timer);
    const { job, stderr } = parser;
    if (this.#closed) {
      job?.reject(new PoolBusyError(STOPPING));
      return;
    }
    const reason = parser.reason ?? (HEAP_EXHAUSTED.test(stderr) ? 'memory' : 'crash');
    this.#lost[reason] += 1;
    if (job && !job.settled) this.#retry(job, reason, signal);
    const backoff = this.#backoff(parser, reason);
    this.emit('lost', { reason, pid: parser.child?.pid, code, signal, stderr, retry_in: backoff });
    setTimeout(() => this.#spawn(), backoff).unref();
  }

  /** A crash may be no fault of the diagram (the kernel needed memory), so another parser has a look at it. */
  #retry(job, reason, signal) {
    if (reason !== 'crash') {
      job.reject(new ParserLostError(reason));
    } else if (!job.retried) {
      job.retried = true;
      this.#queue.unshift(job);
      this.#wait(job);
    } else if (signal === 'SIGKILL') {
      job.reject(new PoolBusyError('its parsers were killed from outside'));
    } else {
      job.reject(new ParserLostError(reason));
    }
  }

  #backoff(parser, reason) {
    if (parser.ready && reason !== 'crash') return 0;
    if (parser.ready && performance.now() - parser.ready > LONGEST_BACKOFF) this.#failures = 0;
    this.#failures += 1;
    return Math.min(FIRST_BACKOFF * 2 ** (this.#failures - 1), LONGEST_BACKOFF);
  }

  /** Give a queued diagram to a parser, as soon as one is free. */
  #wait(job) {
    const left = job.deadline - SHORTEST_RUN - performance.now();
    job.timer = setTimeout(() => job.reject(new PoolBusyError(NONE_FREE)), left);
    this.#dispatch();
  }

  #dispatch() {
    for (let parser = this.#idle(); parser && this.#queue.length; parser = this.#idle()) {
      this.#run(parser, this.#queue.shift());
    }
  }

  #run(parser, job) {
    clearTimeout(job.timer);
    const { timeout } = this.#options;
    const left = job.deadline - performance.now();
    if (left < timeout) {
      // It came late to its parser: its caller is answered in time all the same. The parser goes on, for killing
      // one that is merely slow, on a busy machine, would make the machine busier.
      const error = left < timeout / 2 ? new PoolBusyError(NONE_FREE) : new ParserLostError('timeout');
      job.timer = setTimeout(() => job.reject(error), left);
    }
    parser.timer = setTimeout(() => {
      parser.job = null;
      job.reject(new ParserLostError('timeout'));
      this.#kill(parser);
    }, timeout);
    parser.job = job;
    parser.child.send({ code: job.code });
  }
}
