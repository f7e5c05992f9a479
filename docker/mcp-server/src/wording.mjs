/**
 * The words for parser errors, which say what to change.
 */
import { cut } from './source.mjs';

// Names for the tokens of the grammars. A token that is neither here nor among the keywords is not shown.
const TOKENS = {
  1: 'the end of the diagram',
  EOF: 'the end of the diagram',
  NEWLINE: 'a line break',
  NL: 'a line break',
  SPACELINE: 'a line break',
  SPACELIST: 'a space',
  SPACE: 'a space',
  SEMI: '`;`',
  COLON: '`:`',
  COLONSEP: '`:`',
  COMMA: '`,`',
  AMP: '`&`',
  MINUS: '`-`',
  PLUS: '`+`',
  MULT: '`*`',
  DOT: '`.`',
  BRKT: '`#`',
  PCT: '`%`',
  EQUALS: '`=`',
  UNDERSCORE: '`_`',
  PIPE: '`|`',
  PS: '`(`',
  PE: '`)`',
  SQS: '`[`',
  SQE: '`]`',
  DIAMOND_START: '`{`',
  DIAMOND_STOP: '`}`',
  DOUBLECIRCLESTART: '`(((`',
  DOUBLECIRCLEEND: '`)))`',
  STADIUMSTART: '`([`',
  STADIUMEND: '`])`',
  SUBROUTINESTART: '`[[`',
  SUBROUTINEEND: '`]]`',
  CYLINDERSTART: '`[(`',
  CYLINDEREND: '`)]`',
  TRAPSTART: '`[/`',
  TRAPEND: '`/]`',
  INVTRAPSTART: '`[\\`',
  INVTRAPEND: '`\\]`',
  TAGSTART: '`<`',
  TAGEND: '`>`',
  LBRACE: '`{`',
  RBRACE: '`}`',
  STRUCT_START: '`{`',
  STRUCT_STOP: '`}`',
  BLOCK_START: '`{`',
  BLOCK_STOP: '`}`',
  SQUARE_BRACES_START: '`[`',
  SQUARE_BRACES_END: '`]`',
  ARROW_DELIMITER: '`-->`',
  'AXIS-TEXT-DELIMITER': '`-->`',
  STYLE_SEPARATOR: '`:::`',
  ANNOTATION_START: '`<<`',
  ANNOTATION_END: '`>>`',
  SHAPE_DATA: '`@{ … }`',
  STR: 'text in double quotes',
  STRING: 'text in double quotes',
  STRING2: 'text in double quotes',
  DQUOTE: '`"`',
  EM_FID: 'a frame number such as 01',
  MD_STR: 'text in double quotes',
  qString: 'text in double quotes',
  ALPHA: 'text',
  UNICODE_TEXT: 'text',
  TEXT: 'text',
  TXT: '`:` and a text',
  unqString: 'text',
  NUM: 'a number',
  NUMBER: 'a number',
  NUMBER_WITH_DECIMAL: 'a number',
  NODE_STRING: 'a name',
  NODE_ID: 'a name',
  NODE_DSTART: 'an opening bracket',
  NODE_DEND: 'a closing bracket',
  NODE_DESCR: 'text',
  ID: 'a name',
  ACTOR: 'a participant',
  LINK: 'a link such as -->',
  START_LINK: 'a link such as -->',
  LINK_ID: 'a link such as -->',
  taskData: '`:` and the data of the task',
  point_start: '`: [x, y]`',
  acc_title: '`accTitle`',
  acc_descr: '`accDescr`',
  acc_descr_multiline_value: '`accDescr`',
  BQUOTE_STR: 'text in double quotes',
  ENTITY_NAME: 'a name',
  IDENTIFIER: 'a name',
  WORD: 'a name',
  UNIT: 'a number',
  DECIMAL_NUM: 'a number',
  NUMERIC: 'a number',
  INT: 'a number',
  SIZE: 'a number',
  ATTRIBUTE_WORD: 'an attribute',
  ATTRIBUTE_KEY: '`PK`, `FK` or `UK`',
  COMMENT: 'a comment in double quotes',
  BRACKET_LABEL: 'a label in square brackets',
  LABEL: '`:` and a text',
  EDGE_TEXT: 'text',
  NOTE_TEXT: 'text',
  INDENT_TEXT: 'text',
  SEMICOLON: '`;`',
  left_of: '`left of`',
  right_of: '`right of`',
  participant_actor: '`actor`',
  accDescription: '`accDescr`',
};

// Tokens for keywords of Mermaid, and how the keywords are written.
const KEYWORDS = {
  CLASSDEF: 'classDef',
  CSSCLASS: 'cssClass',
  LINKSTYLE: 'linkStyle',
  VERIFYMTHD: 'verifymethod',
  NOTE_FOR: 'note for',
  HIDE_EMPTY: 'hide empty description',
  QUADRANT_1: 'quadrant-1',
  QUADRANT_2: 'quadrant-2',
  QUADRANT_3: 'quadrant-3',
  QUADRANT_4: 'quadrant-4',
  'X-AXIS': 'x-axis',
  'Y-AXIS': 'y-axis',
  X_AXIS: 'x-axis',
  Y_AXIS: 'y-axis',
  FUNCTIONAL_REQUIREMENT: 'functionalRequirement',
  INTERFACE_REQUIREMENT: 'interfaceRequirement',
  PERFORMANCE_REQUIREMENT: 'performanceRequirement',
  PHYSICAL_REQUIREMENT: 'physicalRequirement',
  DESIGN_CONSTRAINT: 'designConstraint',
};
const WORDS = `BAR CALLBACK CLASS CLICK COLUMNS CONTAINS COPIES DEFAULT DERIVES DOCREF ELEMENT END HREF INTERPOLATE
  LINE NAMESPACE NOTE REFINES REQUIREMENT RISK SATISFIES SET STYLE SUBGRAPH TITLE TRACES TYPE UNION VERIFIES`;
for (const word of WORDS.split(/\s+/)) KEYWORDS[word] = word.toLowerCase();
const C4_WORDS = 'BOUNDARY COMPONENT CONTAINER NODE PERSON REL SYSTEM';
for (const word of C4_WORDS.split(' ')) KEYWORDS[word] = word[0] + word.slice(1).toLowerCase();

// Internal names of the grammars that look like keywords.
const INTERNAL = new Set([
  'callbackargs',
  'callbackname',
  'connector',
  'error',
  'event',
  'flow',
  'global',
  'graphCodeTokens',
  'keywords',
  'period',
  'restOfLine',
  'taskName',
  'taskTxt',
]);

const ARROW = /ARROW|_CROSS$|_POINT$/;
const RELATION = /^(ZERO_OR_|ONE_OR_|ONLY_ONE|ENTITY_ONE|MD_PARENT|(NON_)?IDENTIFYING)/;
const DIRECTION = /^direction_/;
const MOST_EXPECTED = 6;

/** The name of a token for people; null for an internal token. */
export function nameToken(token) {
  if (TOKENS[token]) return TOKENS[token];
  if (KEYWORDS[token]) return code(KEYWORDS[token]);
  if (ARROW.test(token)) return 'an arrow such as ->>';
  if (RELATION.test(token)) return 'a relation such as ||--o{';
  if (DIRECTION.test(token)) return code('direction');
  if (/^week(day|end)_/.test(token)) return code(token.split('_')[0]);
  if (/^[a-z][A-Za-z-]*$/.test(token)) return INTERNAL.has(token) ? null : code(token);
  return /^[^\w\s[\]]+$|^par_over$/.test(token) ? code(token) : null;
}

/**
 * What a grammar expected instead.
 *
 * @param {string[]} tokens
 * @returns {string} a clause, or an empty text if there are too many possibilities
 */
export function nameExpected(tokens) {
  const known = new Set(tokens.map(nameToken));
  const more = known.delete(null);
  const names = [...known];
  if (!names.length || names.length > 3 * MOST_EXPECTED) return '';
  const shown = names.slice(0, MOST_EXPECTED);
  if (more || names.length > MOST_EXPECTED) shown.push('…');
  const last = shown.pop();
  return `expected ${shown.length ? `${shown.join(', ')} or ${last}` : last}`.replace(' or …', ', …');
}

/** The wrong text on one line; invisible characters are named. */
export function nameFound(text) {
  const shown = text.trim().replace(/\s+/g, ' ');
  if (!shown) return text.includes('\n') || !text ? 'end of the line' : 'blank';
  return code(shown.length > 40 ? `${cut(shown, 0, 40)}…` : shown);
}

function code(text) {
  return text.includes('`') ? `"${text}"` : `\`${text}\``;
}

// Common mistakes of language models, and what to do about them. The first hint that fits is added to the message.
const HINTS = [
  {
    // Brackets and quotes inside a node's text: A[call f(x)]
    fits: ({ type, expected }) =>
      /^(flowchart|swimlane|agentflow)/.test(type) && expected.includes('SQE') && expected.includes('PE'),
    hint: 'Put text with special characters in double quotes: A["f(x)"].',
  },
  {
    fits: ({ type, found }) => /^(flowchart|swimlane)/.test(type) && found === 'end',
    hint: 'The word "end" closes a subgraph; name a node "End" or put it in quotes.',
  },
  {
    fits: ({ excerpt }) => /^\s*(`{3}|~{3})/.test(excerpt),
    hint: 'Send one diagram only, without other text beside its code fence.',
  },
  {
    fits: ({ type, excerpt }) => type === 'pie' && /^\s*[^"\s][^:]*:\s*[\d.]+\s*$/.test(excerpt),
    hint: 'Put the name of a slice in double quotes: "Rent" : 40.',
  },
  {
    // A sentence, such as an assistant's closing remark.
    fits: ({ excerpt }) => /^\s*(here|this|note|the|i|let|in)\b[^<>[\](){}]*[.:!]\s*$/i.test(excerpt),
    hint: 'This line looks like prose; a comment begins with %%.',
  },
];

/** The hint for a common mistake, or an empty text. */
export function findHint(circumstances) {
  return HINTS.find(({ fits }) => fits(circumstances))?.hint ?? '';
}
