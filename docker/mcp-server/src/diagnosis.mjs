/**
 * The verdict of Mermaid on a diagram, with the places of errors in the caller's text.
 */
import mermaid from '#mermaid';
import { findKeyword } from './catalogue.mjs';
import { findUndrawable, hasCheck, tellsAll } from './drawing.mjs';
import { findExcess } from './extent.mjs';
import { readFaults } from './faults.mjs';
import { findEdit, findMissing } from './repair.mjs';
import { cut, place, preprocess, unfence } from './source.mjs';
import { findHint } from './wording.mjs';

// ms for parsing, and for the search for the line of an error if Mermaid names none; less than the pool allows.
const BUDGET = 1200;

const NOWHERE = { line: null, column: null, excerpt: null };
const UNPLACED = { ...NOWHERE, fix: null };

/**
 * Parse a diagram.
 *
 * @param {string} code Mermaid source, perhaps in a Markdown fence
 * @returns {Promise<{valid: boolean, drawable: boolean | null, reason: string | null, diagram_type: string | null,
 *   errors: object[]}>} the errors are `{message, line, column, excerpt, fix}`; line and column count from 1 in `code`.
 *   `drawable` is null if only drawing would show it; `reason` then says why, if that is known
 */
export async function diagnose(code) {
  const deadline = performance.now() + BUDGET;
  const given = unfence(code);
  if (!given.text.trim()) {
    const message = 'The diagram is empty. Begin with a type, such as flowchart TD.';
    return invalid(null, [{ message, ...UNPLACED }]);
  }
  try {
    const { diagramType: type } = await mermaid.parse(given.text);
    return { valid: true, diagram_type: type, ...(await judgeDrawing(given, code, type)) };
  } catch (error) {
    const type = detectType(given.text);
    const faults = readFaults(error, given, preprocess(given, type));
    if (faults[0].offset === null && !(error instanceof RangeError)) {
      faults[0].offset = await searchLine(given, error?.message, deadline);
    }
    const missing = await findMissingCharacter(given, faults[0], deadline);
    if (!missing) faults[0].edit = await findSmallEdit(given, faults[0], deadline);
    const errors = (missing ? [missing] : faults).map((fault) => describe(fault, code, type));
    return invalid(type, errors);
  }
}

function invalid(type, errors) {
  return { valid: false, drawable: false, reason: null, diagram_type: type, errors };
}

/** Whether a valid diagram can be drawn, and if not, why; null if only drawing would show it. */
async function judgeDrawing(given, code, type) {
  if (!hasCheck(type, given.text)) return { drawable: null, reason: null, errors: [] };
  const seen = preprocess(given, type);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(seen.text);
  const faults = findUndrawable(type, db, seen.text);
  if (!faults.length && !tellsAll(type)) return { drawable: null, reason: null, errors: [] };
  const reason = faults.length ? null : findExcess(type, db);
  if (reason) return { drawable: null, reason, errors: [] };
  const errors = faults.map(({ message, offset }) => {
    return describe({ message, offset: seen.originOf(offset), found: '', expected: [] }, code, type);
  });
  return { drawable: !faults.length, reason, errors };
}

/** The type that the beginning of the text names, also if the rest is invalid. */
function detectType(text) {
  try {
    const type = mermaid.detectType(text, {});
    return type === '---' ? null : type;
  } catch {
    return null;
  }
}

function describe(fault, code, type) {
  const where = fault.offset === null ? NOWHERE : place(code, fault.offset);
  const { found, expected } = fault;
  const hint = findHint({ type: type ?? '', excerpt: where.excerpt ?? '', found, expected });
  return { message: [sentence(fault.message), advise(fault), hint].filter(Boolean).join(' '), ...where, fix: fixOf(fault, code) };
}

/** The change of the caller's text that makes the diagram valid, or null if none is known. */
function fixOf({ edit }, code) {
  if (!edit) return null;
  const { line, column } = place(code, edit.at);
  return { line, column, remove: edit.remove, insert: edit.insert };
}

// A message of Mermaid may contain a whole diagram.
const LONGEST_MESSAGE = 300;

function sentence(words) {
  const text = words.length > LONGEST_MESSAGE ? `${cut(words, 0, LONGEST_MESSAGE)}…` : words;
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}

function advise({ unknown }) {
  if (unknown === undefined) return '';
  const keyword = findKeyword(unknown);
  if (keyword && keyword !== unknown) return `Did you mean ${keyword}?`;
  return 'The first line must name a type, such as flowchart TD, sequenceDiagram or classDiagram.';
}

/**
 * Find the line of an error without a position: the last line of the shortest beginning of the text that has the same
 * error.
 *
 * @returns {Promise<number | null>} an offset in the caller's text
 */
async function searchLine(given, message, deadline) {
  for (const { index } of given.text.matchAll(/\n|$/g)) {
    if (performance.now() > deadline) return null;
    if ((await tryParse(given.text.slice(0, index))) === message) {
      const start = given.text.lastIndexOf('\n', index - 1) + 1;
      return given.originOf(start + /^[^\S\n]*/.exec(given.text.slice(start))[0].length);
    }
  }
  return null;
}

/** The fault that a bracket or a quote is missing, if adding it makes the diagram valid; else null. */
async function findMissingCharacter(given, fault, deadline) {
  const { text } = given;
  // Settings that are not closed take the whole diagram with them.
  if (fault.unknown !== undefined && !/^\s*%%\{/m.test(text)) return null;
  const breaks = [...text.matchAll(/\n/g)].map(({ index }) => given.originOf(index));
  const reached = fault.offset === null ? breaks.length : breaks.filter((at) => at < fault.offset).length;
  const isValid = async (repaired) => (await tryParse(repaired)) === null;
  const missing = await findMissing(text, reached, isValid, () => performance.now() > deadline);
  if (!missing) return null;
  const { message, edit, offset } = missing;
  return { message, offset: given.originOf(offset), found: '', expected: [], edit: traced(given, edit) };
}

/** Another small change that makes the diagram valid: an arrow, a keyword, or `end` at the end. */
async function findSmallEdit(given, fault, deadline) {
  if (fault.offset === null) return null;
  const { unknown } = fault;
  const keyword = unknown === undefined ? undefined : findKeyword(unknown);
  const isValid = async (repaired) => (await tryParse(repaired)) === null;
  const index = fault.offset - given.originOf(0);
  const edit = await findEdit(given.text, index, keyword, isValid, () => performance.now() > deadline);
  return edit && traced(given, edit);
}

function traced(given, edit) {
  return { ...edit, at: given.originOf(edit.at) };
}

async function tryParse(text) {
  try {
    await mermaid.parse(text);
    return null;
  } catch (error) {
    return error?.message;
  }
}
