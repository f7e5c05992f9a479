/**
 * Reasons why a diagram is not validated.
 */

/** No parser came free in time; the caller may try again. */
export class PoolBusyError extends Error {}

/**
 * The diagram ends every parser that works on it; `reason` is `timeout`, `memory` or `crash`. Or it is `starved`: the
 * machine gave the parser hardly any time to work on it.
 */
export class ParserLostError extends Error {
  constructor(reason) {
    super(`the parser was lost: ${reason}`);
    this.reason = reason;
  }
}
