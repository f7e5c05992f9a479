/**
 * Finds a missing bracket or quote. Mermaid's parsers report where they stopped, which is often a line or more later.
 * Here one character is added at each place where it may be missing, until the diagram is valid.
 */

const CLOSERS = { '(': ')', '[': ']', '{': '}' };
const OPENERS = { ')': '(', ']': '[', '}': '{' };

const COMMENT = /^\s*%%(?!\{)/; // %%{ begins settings

// Limits of the search: characters of a diagram, and tried places in a line.
const LONGEST = 20_000;
const MOST_PLACES = 100;

/**
 * Find one character that makes a diagram valid.
 *
 * @param {string} text the diagram
 * @param {number} reached the line where the parser stopped, from 0
 * @param {(text: string) => Promise<boolean>} isValid
 * @param {() => boolean} isOver whether the time is over
 * @returns {Promise<{offset: number, message: string, edit: object} | null>} `edit` is `{at, remove, insert}`
 */
export async function findMissing(text, reached, isValid, isOver) {
  if (text.length > LONGEST) return null;
  const lines = readLines(text);
  for (const { at, piece, offset, message } of suggest(lines, reached)) {
    if (isOver()) return null;
    if (await isValid(text.slice(0, at) + piece + text.slice(at))) {
      return { offset, message, edit: { at, remove: 0, insert: piece } };
    }
  }
  return null;
}

/**
 * Find one small change that makes a diagram valid, at the place where the parser stopped.
 *
 * @param {string} text the diagram
 * @param {number} index where the parser stopped
 * @param {string | undefined} keyword the keyword that the first word is similar to
 * @param {(text: string) => Promise<boolean>} isValid
 * @param {() => boolean} isOver whether the time is over
 * @returns {Promise<{at: number, remove: number, insert: string} | null>}
 */
export async function findEdit(text, index, keyword, isValid, isOver) {
  if (text.length > LONGEST) return null;
  for (const edit of edits(text, index, keyword)) {
    if (isOver()) return null;
    if (await isValid(text.slice(0, edit.at) + edit.insert + text.slice(edit.at + edit.remove))) return edit;
  }
  return null;
}

// Wrong arrows.
const ARROWS = /(?<![-=.<>ox])(?:->|=>|[–—]>|→)(?!>)/g;

function* edits(text, index, keyword) {
  if (keyword) yield { at: index, remove: /^\S*/.exec(text.slice(index))[0].length, insert: keyword };
  const start = text.lastIndexOf('\n', index - 1) + 1;
  for (const { 0: written, index: at } of /^.*/.exec(text.slice(start))[0].matchAll(ARROWS)) {
    yield { at: start + at, remove: written.length, insert: written === '=>' ? '==>' : '-->' };
  }
  yield { at: text.trimEnd().length, remove: 0, insert: '\nend' };
}

function readLines(text) {
  let start = 0;
  return text.split('\n').map((content) => {
    const line = { content, start, ...scan(content) };
    start += content.length + 1;
    return line;
  });
}

/** What may be missing, and where; the most likely first: `{at, piece, offset, message}`. */
function* suggest(lines, reached) {
  const before = lines.slice(0, reached + 1).reverse();
  for (const line of before) yield* completeLine(line);
  yield* completeBlocks(lines);
  for (const line of lines.slice(reached + 1)) yield* completeLine(line);
}

/**
 * The brackets of a line that are not closed, those that are not opened, and whether the line opens or closes a block.
 */
function scan(content) {
  const code = content.trimEnd();
  const opensBlock = code.endsWith('{');
  const closesBlock = /^\s*\}/.test(code);
  const [from, to] = [closesBlock ? code.indexOf('}') + 1 : 0, opensBlock ? code.length - 1 : code.length];
  const unclosed = [];
  const stray = [];
  let quote = null;
  for (let index = from; index < to; index += 1) {
    const letter = code[index];
    if (letter === '"') quote = quote === null ? index : null;
    else if (quote !== null) continue;
    else if (CLOSERS[letter]) unclosed.push(index);
    else if (OPENERS[letter]) {
      const opened = unclosed.findLastIndex((at) => CLOSERS[code[at]] === letter);
      if (opened === -1) stray.push(index);
      else unclosed.splice(opened, 1);
    }
  }
  return { quote, unclosed, stray, opensBlock, closesBlock };
}

function* completeLine({ content, start, quote, unclosed, stray }) {
  if (COMMENT.test(content)) return;
  if (quote !== null) {
    const message = 'a `"` is missing in this line';
    for (const at of places(content, 0, content.length)) {
      yield { at: start + at, piece: '"', offset: start + quote, message };
    }
  }
  for (const index of unclosed) {
    const [opener, closer] = [content[index], CLOSERS[content[index]]];
    const message = `what \`${opener}\` opens here is not closed; add \`${closer}\``;
    // The end is most likely before the next arrow, though the bracket would be valid at other places too.
    const isBeforeArrow = (at) => /^\s*(?:--|==|-\.|~~~|<-|<=)/.test(content.slice(at)) && /\S/.test(content[at - 1]);
    const found = places(content, index + 1, content.length);
    for (const at of [...found.filter(isBeforeArrow).reverse(), ...found]) {
      yield { at: start + at, piece: closer, offset: start + index, message };
    }
  }
  for (const index of stray) {
    const [closer, opener] = [content[index], OPENERS[content[index]]];
    const message = `\`${closer}\` closes here what was not opened; add \`${opener}\` before it`;
    for (const at of places(content, 0, index)) {
      yield { at: start + at, piece: opener, offset: start + index, message };
    }
  }
}

// Beside these, too, something may be missing; `%%` ends settings.
const EDGES = /["()[\]{}]/;

/** The beginnings and ends of words and brackets in a part of a line, and the end of its text; the last ones first. */
function places(content, from, to) {
  const found = new Set([content.slice(from, to).trimEnd().length + from, to]);
  for (let at = to; at >= from; at -= 1) {
    const [before, after] = [content[at - 1] ?? '', content[at] ?? ''];
    const isEdge = EDGES.test(before + after) || content.startsWith('%%', at);
    if (isEdge || isWord(before) !== isWord(after)) found.add(at);
  }
  return [...found].slice(0, MOST_PLACES);
}

function isWord(letter) {
  return /[\p{L}\p{N}_]/u.test(letter);
}

/** A brace at the end of a line opens a block, one at the beginning of a line closes it. */
function* completeBlocks(lines) {
  const open = [];
  let ended = -1; // the line in which the last block ended
  for (const [number, line] of lines.entries()) {
    if (line.closesBlock && open.length) {
      open.pop();
      ended = number;
    } else if (line.closesBlock) {
      yield* openBlock(lines, ended + 1, number, number);
      yield* openBlock(lines, 0, ended + 1, number); // the blocks before may stand within the one that is meant
      ended = number;
    }
    if (line.opensBlock) open.push(number);
  }
  for (const number of open.reverse()) yield* closeBlock(lines, number);
}

function* openBlock(lines, from, to, closing) {
  for (const { content, start, opensBlock } of lines.slice(from, to)) {
    const end = content.trimEnd().length;
    if (!end || opensBlock) continue;
    const message = `\`{\` is missing at the end of this line: line ${closing + 1} closes a block that is not opened`;
    yield { at: start + end, piece: ' {', offset: start + content.search(/\S/), message };
  }
}

function* closeBlock(lines, opening) {
  const message = `\`}\` is missing here: the block that line ${opening + 1} opens is not closed`;
  const later = lines.slice(opening + 1);
  const isOutside = ({ content }) => indent(content) <= indent(lines[opening].content);
  for (const { content, start } of later) {
    if (!content.trim()) yield { at: start, piece: '}', offset: start, message };
  }
  for (const line of later.filter(({ content }) => content.trim() && !COMMENT.test(content))) {
    if (isOutside(line)) yield { at: line.start, piece: '}\n', offset: line.start + indent(line.content), message };
  }
  const { content, start } = lines.findLast((line) => line.content.trim());
  const end = start + content.trimEnd().length;
  yield { at: end, piece: '\n}', offset: end, message };
}

function indent(content) {
  return content.length - content.trimStart().length;
}
