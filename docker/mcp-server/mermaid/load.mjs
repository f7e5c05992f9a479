/** Runs the text of dist/mermaid.cjs. What V8 has compiled of it before makes a parser start in half the time. */
import { Script } from 'node:vm';

/**
 * @param {string} text
 * @param {Buffer} [cachedData] what V8 has compiled of this text; ignored where it was another V8
 * @returns {{mermaid: object, script: Script}}
 */
export function load(text, cachedData) {
  const script = new Script(`(function (module, exports) {${text}\n})`, { filename: 'mermaid', cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module, module.exports);
  return { mermaid: module.exports, script };
}
