/**
 * Finds the places of Mermaid's errors. Each kind of parser in Mermaid reports them differently. Here all become faults
 * `{message, offset, found, expected}`, with the offset in the caller's text or null.
 */
import { nameExpected, nameFound } from './wording.mjs';
import { Lines, withoutFrontMatter } from './source.mjs';

const MOST_FAULTS = 5;

// Tokens that close something. If a diagram ends too early, one of them is missing.
const CLOSING = new Set(['end', 'STRUCT_STOP', 'BLOCK_STOP', 'RBRACE', '}', ']', ')']);

/**
 * Read an error.
 *
 * @param {Error} error what `mermaid.parse` threw
 * @param {import('./source.mjs').TracedText} given what Mermaid was given
 * @param {import('./source.mjs').TracedText} seen what the grammar saw
 * @returns {object[]} at least one fault
 */
export function readFaults(error, given, seen) {
  const message = String(error?.message ?? error);
  for (const read of [readJison, readLangium, readChevrotain, readYaml, readStart]) {
    const faults = read(error, message, given, seen);
    if (faults?.length) return faults;
  }
  if (error instanceof RangeError) return [fault('the diagram is nested too deeply to be parsed', null)];
  // A message of JavaScript about Mermaid's own variables helps nobody.
  const said = error instanceof TypeError || SCRIPT.test(message) ? '' : tidy(message).replace(/^Error: /, '');
  return [fault(said || 'Mermaid cannot make sense of this', null)];
}

const SCRIPT = /Cannot (read|set|destructure|convert) |is not (a function|a constructor|defined|iterable)|\bundefined\b/;

/** A fault: a grammar found something unexpected. `found` is null at the end of the diagram. */
function unexpected(found, expected, offset) {
  const ends = found === null ? expected.filter((token) => CLOSING.has(token)) : [];
  const what = `unexpected ${found === null ? 'end of the diagram' : nameFound(found)}`;
  return fault(join(what, ends.length ? ends : expected), offset, found?.trim(), expected);
}

/** A fault: a lexer knows no token with this beginning. */
function notUnderstood(text, offset) {
  return fault(`${nameFound(text)} is not understood here`, offset, text);
}

function join(what, expected) {
  return [what, nameExpected(expected)].filter(Boolean).join('; ');
}

function fault(message, offset, found = '', expected = []) {
  return { message, offset, found, expected };
}

/**
 * Jison grammars (the most): the message has the line, and up to 20 characters before and after the error.
 */
function readJison(error, message, _given, seen) {
  const [head, picture = '', pointer = ''] = message.split('\n');
  const at = /^(Parse|Lexical) error on line (\d+)/.exec(head);
  if (!at) return null;
  const lexical = at[1] === 'Lexical';
  const token = error.hash?.text ?? '';
  const atLineEnd = !lexical && /^\s*$/.test(token);
  const index = findPicture(seen.text, picture, pointer.indexOf('^'), Number(at[2]), atLineEnd);
  if (lexical) return [notUnderstood(/^\S*/.exec(seen.text.slice(index))[0], seen.originOf(index))];

  const list = /^Expecting (.*), got /m.exec(message)?.[1] ?? '';
  const expected = [...list.matchAll(/'([^']+)'/g)].map(([, name]) => name);
  const ended = seen.text.slice(index).trim() === '';
  if (!ended) return [unexpected(token, expected, seen.originOf(index))];
  const opened = findOpened(seen.text, error.hash?.loc);
  if (opened === null) return [unexpected(null, expected, seen.originOf(index))];
  return [fault(join('what begins here is never closed', expected), seen.originOf(opened), '', expected)];
}

/** The place of a bracket or quote that is not closed, so that the rest became one token; or null. */
function findOpened(text, loc) {
  if (!(loc?.first_line < loc?.last_line)) return null;
  const index = new Lines(text).start(loc.first_line) + loc.first_column;
  return /^[([{<"'`]/.test(text.slice(index)) ? index : null;
}

/**
 * Find the excerpt of jison: the text before and after the error, without line breaks.
 *
 * @returns {number} the index of the error, or of its line when the picture is not found
 */
function findPicture(text, picture, caret, line, atLineEnd) {
  const indices = [];
  let flat = '';
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] !== '\n') {
      flat += text[index];
      indices.push(index);
    }
  }
  const lines = new Lines(text);
  const before = picture.slice(0, caret);
  const after = picture.slice(caret);
  for (const start of new Set([before.replace(/^\.\.\./, ''), before])) {
    for (const end of new Set([after.replace(/\.\.\.$/, ''), after])) {
      const found = nearest(flat, start + end, (at) =>
        Math.abs(lines.at(indexAt(at + start.length)).line - line),
      );
      if (found !== null) return indexAt(found + start.length);
    }
  }
  return startOfText(text, lines.start(line));

  function indexAt(at) {
    if (atLineEnd || at >= indices.length) return (indices[at - 1] ?? -1) + 1;
    const index = indices[at];
    return startOfText(text, index);
  }
}

/** The first index from `index` on that is not a blank. */
function startOfText(text, index) {
  const found = text.slice(index).search(/\S/);
  return found === -1 ? index : index + found;
}

function nearest(text, wanted, distance) {
  let best = null;
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    if (best === null || distance(at) < distance(best)) best = at;
  }
  return best;
}

/** Langium grammars: errors of lexer and parser with offsets; an error at the end of the text has none. */
function readLangium(error, _message, _given, seen) {
  if (!error.result?.parserErrors) return null;
  const lexer = error.result.lexerErrors.map(({ offset, length }) => {
    const text = seen.text.slice(offset, offset + length);
    return { index: offset, fault: notUnderstood(text, seen.originOf(offset)) };
  });
  const parser = error.result.parserErrors.map(({ message, token }) => {
    const index = token?.startOffset >= 0 ? token.startOffset : seen.text.trimEnd().length;
    return { index, fault: readChevrotainMessage(message, seen.originOf(index)) };
  });
  // One error causes more after it. The first one in a line is the one to correct.
  const lines = new Lines(seen.text);
  const taken = new Set();
  return [...lexer, ...parser]
    .sort((a, b) => a.index - b.index)
    .filter(({ index }) => {
      const { line } = lines.at(index);
      return !taken.has(line) && taken.add(line);
    })
    .slice(0, MOST_FAULTS)
    .map((entry) => entry.fault);
}

/** The grammar of use cases: the offsets are at the end of the message. */
function readChevrotain(_error, message, _given, seen) {
  const at = /^(.*) at line \d+, column \d+ \[(\d+),(\d+)\)$/s.exec(message);
  if (!at) return null;
  const [start, end] = [Number(at[2]), Number(at[3])];
  const offset = seen.originOf(start);
  if (message.startsWith('Error lexing')) return [notUnderstood(seen.text.slice(start, end), offset)];
  return [readChevrotainMessage(at[1], offset)];
}

/**
 * Read "Expecting token of type 'A' but found `b`.", "Expecting: one of these: 1. [A] 2. [B] but found: 'b'"
 * and their like.
 */
function readChevrotainMessage(message, offset) {
  const parts = /(?:Expecting|expecting)(.*)but found:?(.*)$/s.exec(message);
  if (!parts) return fault(tidy(message), offset);
  const [wanted, got] = parts.slice(1).map((part) => part.replace(/(?:token of type )?--> ?(.*?) ?<--/gs, '$1'));
  const sequences = [...wanted.matchAll(/\[([^\],]+)[^\]]*\]/g)].map(([, first]) => first.trim());
  const expected = sequences.length ? sequences : [/'(.+)'/s.exec(wanted)?.[1] ?? wanted.trim()];
  const found = /^\s*([`'])(.*)\1\.?\s*$/s.exec(got)?.[2] ?? got.trim();
  return unexpected(found === '' ? null : found, expected, offset);
}

/** YAML, in front matter or in a node's data. */
function readYaml(error, message, given, seen) {
  if (error?.name !== 'YAMLException' || !error.mark) return null;
  const reason = error.reason ?? message.split('\n')[0];
  const { yaml } = withoutFrontMatter(given);
  // The text of the YAML parser is in the front matter, or in the data of a node.
  const buffer = (error.mark.buffer ?? '').replace(/\0$/, '').trim();
  const within = [yaml, seen].find((text) => buffer && text?.text.includes(buffer));
  const offset = within ? within.originOf(within.text.indexOf(buffer) + error.mark.position) : null;
  const where = within && within === yaml ? 'front matter' : 'data';
  return [fault(`the YAML of the ${where} is broken: ${reason}`, offset)];
}

/** A text that does not begin like a diagram. */
function readStart(error, message, given, seen) {
  if (message.startsWith('Diagrams beginning with ---')) {
    const text = 'the front matter is not closed: it begins and ends with a line "---"';
    return [fault(text, given.originOf(given.text.indexOf('---')))];
  }
  if (error?.name !== 'UnknownDiagramError') return null;
  const start = Math.max(0, seen.text.search(/\S/));
  const word = /^\S*/.exec(seen.text.slice(start))[0];
  const words = word ? `${nameFound(word)} begins no diagram` : 'there is no diagram, only comments or front matter';
  return [{ ...fault(words, seen.originOf(start), word), unknown: word }];
}

function tidy(message) {
  return message.replace(/\s+/g, ' ').trim();
}
