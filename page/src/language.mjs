/** Colours for Mermaid code: keywords, texts, arrows and comments, the same for all types of diagrams. */
import { StreamLanguage } from '@codemirror/language';

const WORDS =
  'graph|flowchart|sequenceDiagram|classDiagram|stateDiagram|stateDiagram-v2|erDiagram|gantt|pie|mindmap|timeline|journey|' +
  'gitGraph|quadrantChart|requirementDiagram|xychart|xychart-beta|sankey|sankey-beta|block|block-beta|kanban|packet|radar|' +
  'treemap|architecture|architecture-beta|C4Context|C4Container|C4Component|subgraph|end|direction|participant|actor|loop|' +
  'alt|else|opt|par|and|critical|break|rect|note|over|activate|deactivate|class|classDef|style|linkStyle|click|state|section|' +
  'title|dateFormat|axisFormat|accTitle|accDescr|commit|branch|checkout|merge|namespace|as|left|right|of|TB|TD|BT|LR|RL';
const WORD = new RegExp(`^(?:${WORDS})(?![\\w-])`);
const ARROW = /^(?:[<xo*|}]?(?:--|==|-\.|\.\.|~~)[-=.~]*[>xo*|{)]*|-?>>|->|:::?|&)/;

export const mermaid = StreamLanguage.define({
  name: 'mermaid',
  startState: () => ({}),
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^%%.*/)) return 'comment';
    if (stream.match(/^"[^"]*"?/) || stream.match(/^\|[^|]+\|/)) return 'string';
    if (stream.match(WORD)) return 'keyword';
    if (stream.match(ARROW)) return 'operator';
    if (stream.match(/^\d[\d.:-]*/)) return 'number';
    if (!stream.match(/^\w+/)) stream.next();
    return null;
  },
  languageData: { commentTokens: { line: '%%' } },
});
