/**
 * The settings from the environment, with their defaults and bounds.
 */
import { availableParallelism } from 'node:os';

/** Characters of one diagram; Mermaid's own default of `maxTextSize`. */
export const MAX_CODE_LENGTH = 50_000;

/** Bytes of one HTTP request body. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Read the settings.
 *
 * @param {Record<string, string | undefined>} environment
 * @returns the settings; times in ms, memory in MiB
 * @throws {RangeError} naming the variable, its value and what it may be
 */
export function readSettings(environment) {
  const integer = (name, fallback, min, max) => {
    const text = environment[name]?.trim();
    if (!text) return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new RangeError(`${name} is "${text}", but must be a whole number from ${min} to ${max}`);
  };
  const hosts = (environment.ALLOWED_HOSTS ?? '')
    .split(',')
    .map((host) => host.trim())
    .filter(Boolean);
  return {
    host: environment.HOST || '0.0.0.0',
    port: integer('PORT', 3000, 0, 65535),
    // Host names (without ports) that requests may be sent to, and come from: a protection against DNS rebinding.
    allowedHosts: hosts.length ? hosts : ['localhost', '127.0.0.1', '[::1]'],
    // The header with the name of the caller, to share the parsers fairly among callers. If it is null, no header is
    // trusted. Set it only if this server can be reached by nobody but a service that sets the header.
    callerHeader: environment.CALLER_HEADER?.trim().toLowerCase() || null,
    pool: {
      size: integer('POOL_SIZE', Math.min(2, availableParallelism()), 1, 16),
      timeout: integer('PARSE_TIMEOUT_MS', 2000, 100, 60_000),
      heap: integer('PARSER_HEAP_MB', 96, 64, 4096),
      queueLimit: integer('QUEUE_LIMIT', 100, 0, 10_000),
    },
  };
}
