/**
 * From the caller's text to the text that a grammar gets, and back.
 *
 * Mermaid removes front matter, directives, comments and leading blanks, so the positions in its errors are those of
 * another text. Here the same steps are done on a text that knows the origin of each character.
 */

/** The lines of a text. */
export class Lines {
  #starts;

  /** @param {string} text */
  constructor(text) {
    this.#starts = [0, ...[...text.matchAll(/\r\n?|\n/g)].map((match) => match.index + match[0].length)];
  }

  /** The line (counted from 1) at an offset, and the offset of its start. */
  at(offset) {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, start: this.#starts[low] };
  }

  /** The offset of the start of a line; for a line after the end, that of the last line. */
  start(line) {
    return this.#starts[Math.min(line, this.#starts.length) - 1];
  }
}

/** A text that knows, for each character, its offset in the original text. */
export class TracedText {
  #origins;

  /** @param {string} text @param {number[]} [origins] an offset for each character and one for the end */
  constructor(text, origins = Array.from({ length: text.length + 1 }, (_, offset) => offset)) {
    this.text = text;
    this.#origins = origins;
  }

  /** The offset in the original text of the character at `index`. */
  originOf(index) {
    return this.#origins[Math.max(0, Math.min(index, this.text.length))];
  }

  /** The part from `start` to `end`. */
  slice(start, end = this.text.length) {
    return new TracedText(this.text.slice(start, end), this.#origins.slice(start, end + 1));
  }

  /**
   * The text with every match replaced. The origin of a replacement is the start of its match.
   *
   * @param {RegExp} pattern with the flag `g`
   * @param {(...match: string[]) => string} replacer
   */
  replace(pattern, replacer = () => '') {
    const pieces = [];
    const origins = [];
    let end = 0;
    const keep = (start) => {
      pieces.push(this.text.slice(end, start));
      for (let index = end; index < start; index += 1) origins.push(this.#origins[index]);
    };
    for (const match of this.text.matchAll(pattern)) {
      keep(match.index);
      const replacement = replacer(...match);
      pieces.push(replacement);
      for (let index = 0; index < replacement.length; index += 1) origins.push(this.#origins[match.index]);
      end = match.index + match[0].length;
    }
    keep(this.text.length);
    origins.push(this.#origins[this.text.length]);
    return new TracedText(pieces.join(''), origins);
  }
}

const FENCE = /^(\s*(`{3,}|~{3,})[^\n`]*\n)([\s\S]*?)(?:(?:\r?\n)?[ \t]*\2[`~]*)?\s*$/;
const FRONT_MATTER = /^([^\S\n]*)---\s*\n([\s\S]*?)\n\1---\s*\n/d;
const DIRECTIVES = /%{2}{\s*(?:(\w+)\s*:|(\w+))\s*(?:(\w+)|((?:(?!}%{2}).|\r?\n)*))?\s*(?:}%{2})?/gi;
const COMMENTS = /^\s*%%(?!{)[^\n]+\n?/gm;

// The grammars of these two types get the comments too.
const WITH_COMMENTS = new Set(['agentflow', 'eventmodeling']);

/**
 * Remove a Markdown code fence, closed or not. If there is text outside the fence, nothing is removed.
 *
 * @param {string} code the caller's text
 * @returns {TracedText} the text for Mermaid
 */
export function unfence(code) {
  const whole = new TracedText(code);
  const fenced = FENCE.exec(code);
  return fenced ? whole.slice(fenced[1].length, fenced[1].length + fenced[3].length) : whole;
}

/**
 * Do the steps that Mermaid does before it parses.
 *
 * @param {TracedText} given the text for Mermaid
 * @param {string | null} type the diagram's type
 * @returns {TracedText} the text for the grammar
 */
export function preprocess(given, type) {
  const { text } = withoutFrontMatter(given);
  const stripped = text.replace(DIRECTIVES);
  const cleaned = WITH_COMMENTS.has(type) ? stripped : stripped.replace(COMMENTS).replace(/^\s+/g);
  return cleaned
    .replace(/(?:style|classDef).*:\S*#.*;/g, (match) => match.slice(0, -1))
    .replace(/#(\w+);/g, (_, name) => (/^\+?\d+$/.test(name) ? `ﬂ°°${name}¶ß` : `ﬂ°${name}¶ß`))
    .replace(/$/g, () => '\n');
}

/**
 * Separate the front matter from the diagram.
 *
 * @param {TracedText} given
 * @returns {{text: TracedText, yaml: TracedText | null}}
 */
export function withoutFrontMatter(given) {
  const normal = given
    .replace(/\r\n?/g, () => '\n')
    .replace(
      /<(\w+)([^>]*)>/g,
      (_, tag, attributes) => `<${tag}${attributes.replace(/="([^"]*)"/g, "='$1'")}>`,
    );
  const match = FRONT_MATTER.exec(normal.text);
  if (!match) return { text: normal, yaml: null };
  return { text: normal.slice(match[0].length), yaml: normal.slice(...match.indices[2]) };
}

/**
 * The place of an offset, for people.
 *
 * @param {string} code the caller's text
 * @param {number} offset
 * @returns {{line: number, column: number, excerpt: string}} counted from 1;
 *   a long line is shortened
 */
export function place(code, offset) {
  const { line, start } = new Lines(code).at(offset);
  const text = /^[^\r\n]*/.exec(code.slice(start))[0];
  return { line, column: offset - start + 1, excerpt: shorten(text, offset - start) };
}

const LONGEST_EXCERPT = 120;

function shorten(text, around) {
  if (text.length <= LONGEST_EXCERPT) return text;
  const start = Math.max(0, Math.min(around - LONGEST_EXCERPT / 2, text.length - LONGEST_EXCERPT));
  const end = start + LONGEST_EXCERPT;
  return `${start ? '…' : ''}${cut(text, start, end)}${end < text.length ? '…' : ''}`;
}

/** A part of a text, like `slice`, but without half characters (for example of an emoji) at its ends. */
export function cut(text, start, end) {
  return text.slice(start, end).replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, '');
}
