/**
 * The caller's text, and what becomes of it before a grammar sees it.
 *
 * Mermaid strips front matter, directives, comments and leading blanks, so its positions are those of a text
 * nobody wrote. Here the same steps are taken on a text in which every character knows where it came from.
 */

/** The lines of a text. */
export class Lines {
  #starts;

  /** @param {string} text */
  constructor(text) {
    this.#starts = [0, ...[...text.matchAll(/\r\n?|\n/g)].map((match) => match.index + match[0].length)];
  }

  /** The line, counted from 1, that holds an offset, and where it starts. */
  at(offset) {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, start: this.#starts[low] };
  }

  /** Where a line starts; the last one's start for a line beyond the end. */
  start(line) {
    return this.#starts[Math.min(line, this.#starts.length) - 1];
  }
}

/** A text whose characters know their offset in the text it was made from. */
export class TracedText {
  #origins;

  /** @param {string} text @param {number[]} [origins] an offset for each character and one for the end */
  constructor(text, origins = Array.from({ length: text.length + 1 }, (_, offset) => offset)) {
    this.text = text;
    this.#origins = origins;
  }

  /** Where the character at `index` stood in the first text. */
  originOf(index) {
    return this.#origins[Math.max(0, Math.min(index, this.text.length))];
  }

  /** The part from `start` to `end`. */
  slice(start, end = this.text.length) {
    return new TracedText(this.text.slice(start, end), this.#origins.slice(start, end + 1));
  }

  /**
   * The text with every match replaced; what is put in stands where the match began.
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

// These two grammars see the comments.
const WITH_COMMENTS = new Set(['agentflow', 'eventmodeling']);

/**
 * Take a Markdown code fence off, closed or not. Text beside the fence is left, for it is no diagram.
 *
 * @param {string} code the caller's text
 * @returns {TracedText} what Mermaid is given
 */
export function unfence(code) {
  const whole = new TracedText(code);
  const fenced = FENCE.exec(code);
  return fenced ? whole.slice(fenced[1].length, fenced[1].length + fenced[3].length) : whole;
}

/**
 * Take the steps that Mermaid takes before it parses.
 *
 * @param {TracedText} given what Mermaid was given
 * @param {string | null} type the diagram's type
 * @returns {TracedText} what the grammar saw
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
 * Part the front matter from the diagram.
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
 * Where an offset is, for people.
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

/** A part of a text, as `slice` gives it, but without the half characters (of an emoji, say) at its ends. */
export function cut(text, start, end) {
  return text.slice(start, end).replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, '');
}
