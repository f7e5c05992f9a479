/**
 * One parser: a child process that takes one diagram at a time.
 *
 * Not a worker thread: a diagram that exhausts its thread's memory can take the whole process with it.
 */
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';

/**
 * A diagram is slow that took its parser more than this, in ms of processor time, so that no diagram is called slow
 * because the machine is. Ordinary ones take 5 to 30, large ones 250.
 */
export const SLOW_AFTER = 150;

const HEAP_EXHAUSTED = /heap (out of memory|limit)|allocation failed/i;

/**
 * Emits `ready`; `diagnosis` for each diagram; and in the end `lost` `{reason, pid, code, signal, stderr}`, the reason
 * `memory`, `crash`, or what `kill` was given.
 */
export class ParserProcess extends EventEmitter {
  #child = null;
  #started = 0; // when the job began
  #used = 0; // processor time before that
  #timer;
  #stderr = '';
  #reason = null; // why it was killed
  #listens = false;
  readySince = 0;
  job = null;

  /**
   * @param {object} options
   * @param {string} options.program the file to fork
   * @param {number} options.heap MiB
   * @param {number} options.startTimeout ms it may take to start
   */
  constructor({ program, heap, startTimeout }) {
    super();
    try {
      this.#child = fork(program, {
        // The small young generation holds a parser at about 200 MB; without it, it grows to 300.
        // One thread for the garbage, so that a parser at work takes one core and the server keeps its share.
        execArgv: [`--max-old-space-size=${heap}`, '--max-semi-space-size=8', '--single-threaded-gc'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
    } catch (error) {
      // Out of memory or processes. The constructor's caller has yet to listen.
      this.#stderr = error.message;
      setImmediate(() => this.#end(null, null));
      return;
    }
    this.#child.on('message', (message) => this.#receive(message));
    this.#child.on('error', (error) => {
      this.#stderr ||= error.message; // a failed start, send or kill; `close` follows
    });
    this.#child.on('close', (code, signal) => this.#end(code, signal));
    // There is none where the server has no file descriptors left.
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    this.#timer = setTimeout(() => this.kill('timeout'), startTimeout);
  }

  /** Whether it has started, and was not killed. */
  get usable() {
    return this.#listens && !this.#reason;
  }

  /** For how long it has been at its diagram, in ms. */
  get ran() {
    return this.job ? performance.now() - this.#started : 0;
  }

  /** Whether its diagram is a slow one. */
  get overlong() {
    return this.ran >= SLOW_AFTER && this.#processorTime() - this.#used >= SLOW_AFTER;
  }

  /** Begin a job `{code}`. */
  run(job) {
    this.job = job;
    this.#started = performance.now();
    this.#used = this.#processorTime();
    this.#child.send({ code: job.code });
  }

  /** End it at once; `lost` follows. */
  kill(reason) {
    if (this.#reason) return;
    this.#reason = reason;
    this.#child?.kill('SIGKILL');
  }

  /** In ms; the time of day where the system does not tell. */
  #processorTime() {
    try {
      // What follows the program's name: times of user and system are the 12th and 13th, in hundredths of a second.
      const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
      return 10 * (Number(fields[11]) + Number(fields[12]));
    } catch {
      return performance.now();
    }
  }

  #receive(message) {
    clearTimeout(this.#timer);
    if (message.ready) {
      this.#listens = true;
      this.readySince = performance.now();
      this.emit('ready');
    } else if (!this.#reason) {
      this.emit('diagnosis', message.diagnosis);
    }
  }

  #end(code, signal) {
    clearTimeout(this.#timer);
    this.#listens = false;
    const reason = this.#reason ?? (HEAP_EXHAUSTED.test(this.#stderr) ? 'memory' : 'crash');
    this.emit('lost', { reason, pid: this.#child?.pid, code, signal, stderr: this.#stderr });
  }
}
