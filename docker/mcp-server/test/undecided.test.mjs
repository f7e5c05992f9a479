/**
 * Which diagrams are remembered as undecided.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ParserLostError } from '../src/errors.mjs';
import { validate } from '../src/tools.mjs';

/** A pool that loses its parser with each diagram; it counts them. */
const losing = (reason) => ({
  parsed: 0,
  async parse() {
    this.parsed += 1;
    throw new ParserLostError(reason);
  },
});

suite('a diagram that could not be decided', () => {
  for (const [reason, told, parsed] of [
    ['timeout', 'too large to decide in time', 1],
    ['memory', 'too large for the memory of a parser', 1],
    ['starved', 'the machine was too busy to decide; try again', 2],
  ]) {
    test(`is tried again where the machine was to blame, not the diagram: ${reason}`, async () => {
      const pool = losing(reason);
      for (let turn = 0; turn < 2; turn += 1) {
        const { structuredContent: answer } = await validate(pool, `pie %% ${reason}`, {});
        assert.deepEqual([answer.valid, answer.reason], [null, told]);
      }
      assert.equal(pool.parsed, parsed);
    });
  }
});
