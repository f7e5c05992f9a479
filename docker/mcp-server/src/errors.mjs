/**
 * Why a diagram is not judged.
 */

/** No parser came free in time; the caller may try again. */
export class PoolBusyError extends Error {}

/** A diagram costs whatever parser it is given; `reason` is `timeout`, `memory` or `crash`. */
export class ParserLostError extends Error {
  constructor(reason) {
    super(`the parser was lost: ${reason}`);
    this.reason = reason;
  }
}
