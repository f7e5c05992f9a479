/**
 * The project's own diagrams, `diagrams/<type>.txt`: blocks that begin with a line `=== valid` or `===
 * invalid line N`.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const folder = path.join(import.meta.dirname, 'diagrams');

/** All of them: `{type, code, line}`, the line of the first error, or null for a valid one. */
export function readDiagrams() {
  return readdirSync(folder).flatMap((name) => {
    const [, ...parts] = readFileSync(path.join(folder, name), 'utf8').split(/^=== (.*)\n/m);
    const type = path.basename(name, '.txt');
    const diagrams = [];
    for (let index = 0; index < parts.length; index += 2) {
      const line = /^invalid line (\d+)$/.exec(parts[index])?.[1];
      if (!line && parts[index] !== 'valid') throw new Error(`${name}: what is "=== ${parts[index]}"?`);
      diagrams.push({ type, line: line ? Number(line) : null, code: parts[index + 1].replace(/\n$/, '') });
    }
    return diagrams;
  });
}
