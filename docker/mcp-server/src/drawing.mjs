/**
 * Finds diagrams that Mermaid's grammar accepts, but its renderer refuses, as far as their data show it without a browser.
 *
 * A check gets the database of the diagram, and yields what cannot be drawn: `{message, words}`. The last line that
 * contains all words is the one with the error.
 */

const CHECKS = {
  architecture: findDoubleEdges,
  block: findBlocksWithoutColumns,
  c4: findUnknownShapes,
  gantt: findWrongTasks,
  requirement: findUnknownRequirements,
  sankey: findCircle,
  stateDiagram: findStatesWithinThemselves,
  venn: (db) => need(db.getSubsetData(), 'a venn diagram needs a set'),
  xychart: (db) => need(db.getXYChartData().plots, 'an xychart needs a `bar` or a `line`'),
};

/** Whether there is a check for this type. */
export function hasCheck(type) {
  return type in CHECKS;
}

/**
 * Why a valid diagram cannot be drawn.
 *
 * @param {string} type as Mermaid calls it
 * @param {object} db its database
 * @param {string} text its source
 * @returns {{message: string, offset: number}[]} faults, empty where none is known
 */
export function findUndrawable(type, db, text) {
  return [...CHECKS[type](db, text)].map(({ message, words }) => ({ message, offset: lineWith(text, words) }));
}

function* need(parts, message) {
  if (!parts.length) yield { message, words: [] };
}

function* findWrongTasks(db, text) {
  try {
    db.getTasks();
  } catch (error) {
    const date = /^Invalid date:(.*)$/s.exec(error.message)?.[1].trim();
    if (date) {
      yield { message: `\`${date}\` is no date of the format ${db.getDateFormat() || 'YYYY-MM-DD'}`, words: [date] };
      return;
    }
    const first = /^(?!\s*(?:acc(?:Title|Descr)|title|section)\b)[^:\n]+:.*$/m.exec(text)?.[0] ?? '';
    const message = 'this task has no start: give it a date, or put it after another task';
    yield { message, words: [first.trim()] };
  }
}

/** A flow that leads back to its start. */
function* findCircle(db) {
  const { links } = db.getGraph();
  const targets = Map.groupBy(links, ({ source }) => source);
  const done = new Set();
  for (const { source: start } of links) {
    const path = [{ at: start, next: 0 }];
    const onPath = new Set([start]);
    while (path.length) {
      const step = path.at(-1);
      const link = targets.get(step.at)?.[step.next];
      step.next += 1;
      if (!link || done.has(step.at)) {
        done.add(step.at);
        onPath.delete(step.at);
        path.pop();
      } else if (onPath.has(link.target)) {
        const message = `the flow from \`${link.source}\` to \`${link.target}\` closes a circle; a sankey has none`;
        yield { message, words: [link.source, link.target] };
        return;
      } else {
        onPath.add(link.target);
        path.push({ at: link.target, next: 0 });
      }
    }
  }
}

function* findUnknownShapes(db) {
  const known = new Set(db.getC4ShapeArray().map(({ alias }) => alias));
  for (const { from, to } of db.getRels()) {
    for (const end of [from, to].filter((name) => !known.has(name))) {
      yield { message: `a relation ends at \`${end}\`, but nothing has this name`, words: ['Rel', from, to] };
    }
  }
}

function* findUnknownRequirements(db) {
  const known = new Set([...db.getRequirements().keys(), ...db.getElements().keys()]);
  for (const { src, dst } of db.getRelationships()) {
    for (const end of [src, dst].filter((name) => !known.has(name))) {
      const message = `a relation ends at \`${end}\`, but no requirement or element has this name`;
      yield { message, words: [src, dst] };
    }
  }
}

function* findStatesWithinThemselves(db) {
  // No recursion: states may be nested deeper than functions.
  const left = [{ statements: db.getRootDocV2().doc ?? [], within: [] }];
  while (left.length) {
    const { statements, within } = left.pop();
    for (const statement of statements) {
      const states = statement.stmt === 'relation' ? [statement.state1, statement.state2] : [statement];
      const found = states.find(({ id }) => within.includes(id));
      if (found) {
        yield { message: `the state \`${found.id}\` stands within itself`, words: [found.id] };
        break;
      }
      if (statement.doc) left.push({ statements: statement.doc, within: [...within, statement.id] });
    }
  }
}

function* findBlocksWithoutColumns(_db, text) {
  const columns = /^\s*(columns\s+0)\s*$/m.exec(text)?.[1];
  if (columns) yield { message: 'a block needs at least one column', words: [columns] };
}

function* findDoubleEdges(db) {
  const seen = new Set();
  for (const { lhsId, rhsId } of db.getEdges()) {
    const pair = [lhsId, rhsId].sort().join('\n');
    if (seen.has(pair)) {
      yield { message: `two edges lead from \`${lhsId}\` to \`${rhsId}\`; only one can be drawn`, words: [lhsId, rhsId, ':'] };
    }
    seen.add(pair);
  }
}

/** The start of the last line that contains all words: a name is declared before it is used. */
function lineWith(text, words) {
  const lines = [...text.matchAll(/^.*$/gm)].filter(([line]) => line.trim());
  const found = lines.findLast(([line]) => words.length && words.every((word) => line.includes(word))) ?? lines[0];
  return found.index + found[0].search(/\S/);
}
