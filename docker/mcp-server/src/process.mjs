/**
 * One parser: a child process that takes one diagram at a time.
 *
 * Not a worker thread, since a diagram that exhausts the memory of a thread can end the whole process.
 */
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';

/**
 * A diagram that takes more than this is slow, in ms of processor time, so that it does not depend on the load of the
 * machine. Ordinary diagrams take 5 to 30, large ones 250.
 */
export const SLOW_AFTER = 150;

const HEAP_EXHAUSTED = /heap (out of memory|limit)|allocation failed/i;

/**
 * Emits `ready`, then `diagnosis` for each diagram, and at the end `lost` `{reason, pid, code, signal, stderr}`; the reason
 * is `memory`, `crash`, or the one given to `kill`.
 */
export class ParserProcess extends EventEmitter {
  #child = null;
  #started = 0; // when the job started
  #used = 0; // the processor time at that moment
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
        // With the small young generation a parser needs about 200 MB, without it 300. The garbage collector gets one
        // thread, so that a parser uses only one processor, and the server keeps the other.
        execArgv: [`--max-old-space-size=${heap}`, '--max-semi-space-size=8', '--single-threaded-gc'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
    } catch (error) {
      // There is no memory or no process left. The event comes after the caller has had time to add its listener.
      this.#stderr = error.message;
      setImmediate(() => this.#end(null, null));
      return;
    }
    this.#child.on('message', (message) => this.#receive(message));
    this.#child.on('error', (error) => {
      this.#stderr ||= error.message; // a failed start, send or kill; `close` follows
    });
    this.#child.on('close', (code, signal) => this.#end(code, signal));
    // It is missing if the server has no file descriptors left.
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    this.#timer = setTimeout(() => this.kill('timeout'), startTimeout);
  }

  /** Whether it has started and has not been killed. */
  get usable() {
    return this.#listens && !this.#reason;
  }

  /** ms since it has got its diagram. */
  get ran() {
    return this.job ? performance.now() - this.#started : 0;
  }

  /** Whether its diagram is slow. */
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

  /** Processor time in ms; elapsed time if the system does not tell. */
  #processorTime() {
    try {
      // After the name of the program, fields 12 and 13 are the times of user and system, in hundredths of a second.
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
