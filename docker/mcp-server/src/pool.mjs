/**
 * Parsers in child processes: each takes one diagram at a time and is killed when it takes too long.
 *
 * Not worker threads: a diagram that exhausts its thread's memory can take the whole process with it.
 */
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';

/** No parser came free in time; the caller may try again. */
export class PoolBusyError extends Error {}

/** A diagram cost its parser; `reason` is `timeout`, `memory` or `crash`. */
export class ParserLostError extends Error {
  constructor(reason) {
    super(`the parser was lost: ${reason}`);
    this.reason = reason;
  }
}

const NONE_FREE = 'no parser came free in time';
const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 10_000;
const FAILED_STARTS_UNHEALTHY = 3;

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
  #failedStarts = 0;
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
   */
  constructor(options) {
    super();
    this.#options = options;
    for (let i = 0; i < options.size; i += 1) this.#spawn();
  }

  /**
   * Have a diagram parsed.
   *
   * @param {string} code
   * @param {AbortSignal} [signal] gives the diagram up while it waits
   * @returns {Promise<object>} the diagnosis
   * @throws {PoolBusyError} when the queue is full or moves too slowly
   * @throws {ParserLostError} when the diagram cost its parser
   */
  parse(code, signal) {
    if (this.#closed) return Promise.reject(new PoolBusyError('the server is stopping'));
    if (this.#queue.length >= this.#options.queueLimit && !this.#idle()) {
      return Promise.reject(new PoolBusyError(`${this.#queue.length} diagrams are waiting already`));
    }
    return new Promise((resolve, reject) => {
      const job = { code, resolve, reject, deadline: performance.now() + this.#options.timeout + GRACE };
      job.giveUp = (error) => {
        this.#queue = this.#queue.filter((other) => other !== job);
        reject(error);
      };
      job.timer = setTimeout(
        () => job.giveUp(new PoolBusyError(NONE_FREE)),
        this.#options.timeout + GRACE - SHORTEST_RUN,
      );
      signal?.addEventListener('abort', () => job.giveUp(signal.reason), { once: true });
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  /** How the pool is, for a health check. */
  status() {
    const parsers = [...this.#parsers];
    const failing = this.#failedStarts >= FAILED_STARTS_UNHEALTHY;
    const ready = parsers.filter((parser) => parser.ready && !parser.reason).length;
    let status = 'healthy';
    if (this.#closed) status = 'stopping';
    else if (ready === 0 && failing) status = 'unhealthy';
    else if (!this.#everReady) status = 'starting';
    else if (failing) status = 'degraded';
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
    for (const job of [...this.#queue]) {
      clearTimeout(job.timer);
      job.giveUp(new PoolBusyError('the server is stopping'));
    }
    for (const parser of this.#parsers) parser.child.kill('SIGKILL');
  }

  #idle() {
    return [...this.#parsers].find((parser) => parser.ready && !parser.job && !parser.reason);
  }

  #spawn() {
    if (this.#closed) return;
    const child = fork(this.#options.program, ['--parser'], {
      // The small young generation holds a parser at about 200 MB; without it, it grows to 300.
      // One thread for the garbage, so that a parser at work takes one core and the server keeps its share.
      execArgv: [
        `--max-old-space-size=${this.#options.heap}`,
        '--max-semi-space-size=8',
        '--single-threaded-gc',
      ],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const parser = { child, ready: false, job: null, timer: null, reason: null, stderr: '' };
    this.#parsers.add(parser);
    child.stderr.setEncoding('utf8').on('data', (text) => {
      parser.stderr = (parser.stderr + text).slice(-2000);
    });
    child.on('message', (message) => this.#receive(parser, message));
    child.on('error', () => {}); // a failed send or kill; `close` follows
    child.on('close', (code, signal) => this.#replace(parser, code, signal));
  }

  #receive(parser, message) {
    if (message.ready) {
      parser.ready = true;
      this.#failedStarts = 0;
      if (!this.#everReady) this.emit('ready');
      this.#everReady = true;
    } else if (parser.job) {
      const { job } = parser;
      parser.job = null;
      clearTimeout(parser.timer);
      clearTimeout(job.timer);
      job.resolve(message.diagnosis);
    }
    this.#dispatch();
  }

  #replace(parser, code, signal) {
    this.#parsers.delete(parser);
    const { job } = parser;
    if (this.#closed) {
      job?.reject(new PoolBusyError('the server is stopping'));
      return;
    }
    const exhausted = /heap (out of memory|limit)|allocation failed/i.test(parser.stderr);
    const reason = parser.reason ?? (exhausted ? 'memory' : 'crash');
    this.#lost[reason] += 1;
    clearTimeout(parser.timer);
    clearTimeout(job?.timer);
    job?.reject(new ParserLostError(reason));
    if (!parser.ready) this.#failedStarts += 1;
    const backoff = this.#failedStarts
      ? Math.min(FIRST_BACKOFF * 2 ** (this.#failedStarts - 1), LONGEST_BACKOFF)
      : 0;
    this.emit('lost', {
      reason,
      pid: parser.child.pid,
      code,
      signal,
      stderr: parser.stderr,
      retry_in: backoff,
    });
    setTimeout(() => this.#spawn(), backoff).unref();
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
      parser.reason = 'timeout';
      parser.job = null;
      job.reject(new ParserLostError('timeout'));
      parser.child.kill('SIGKILL');
    }, timeout);
    parser.job = job;
    parser.child.send({ code: job.code });
  }
}
