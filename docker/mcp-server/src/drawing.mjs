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
  sequence: findUnknownActivations,
  stateDiagram: (db) => [...findStatesWithinThemselves(db), ...findUnknownNotes(db)],
  venn: (db) => need(db.getSubsetData(), 'a venn diagram needs a set'),
  xychart: (db) => need(db.getXYChartData().plots, 'an xychart needs a `bar` or a `line`'),
};

/** Whether there is a check for a diagram of this type. */
export function hasCheck(type, text) {
  return type in CHECKS && (type !== 'sequence' || /^\s*activate\s/m.test(text));
}

/** Whether what the check lets through can be drawn; else only drawing would show it. */
export function tellsAll(type) {
  return type !== 'sequence';
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
  const known = new Set([...db.getC4ShapeArray(), ...db.getBoundaries()].map(({ alias }) => alias));
  known.delete('global'); // the boundary around all
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

/** A state that a relation or a note puts within itself; that it is only named there does no harm. */
function* findStatesWithinThemselves(db) {
  const parts = Map.groupBy(readStates(db), ({ outer }) => outer); // what stands within each state
  const reach = (from) => {
    const found = new Set([from]);
    for (const id of found) for (const { inner } of parts.get(id) ?? []) found.add(inner);
    return found;
  };
  const reached = new Map();
  for (const { outer, inner, isUsed } of [...parts.values()].flat()) {
    if (!isUsed || (inner !== outer && !parts.has(inner))) continue;
    if (!reached.has(inner)) reached.set(inner, reach(inner));
    if (!reached.get(inner).has(outer)) continue;
    yield { message: `the state \`${inner}\` stands within itself`, words: [inner] };
    return;
  }
}

/** Which states stand within which, and whether a relation or a note uses them there. */
function* readStates(db) {
  // No recursion: states may be nested deeper than functions.
  const left = [{ statements: db.getRootDocV2().doc ?? [], outer: null }];
  while (left.length) {
    const { statements, outer } = left.pop();
    for (const statement of statements) {
      const { stmt, id, doc, note } = statement;
      const used = stmt === 'relation' ? [statement.state1.id, statement.state2.id] : note ? [id] : [];
      for (const inner of outer === null ? [] : used) yield { outer, inner, isUsed: true };
      if (doc && outer !== null && id !== outer) yield { outer, inner: id, isUsed: false };
      if (doc) left.push({ statements: doc, outer: id });
    }
  }
}

/** A note about a state that is nowhere else. */
function* findUnknownNotes(db) {
  const known = new Set();
  const notes = [];
  const left = [db.getRootDocV2().doc ?? []];
  while (left.length) {
    for (const statement of left.pop()) {
      const { stmt, id, doc, note } = statement;
      if (stmt === 'relation') known.add(statement.state1.id).add(statement.state2.id);
      else if (note) notes.push(id);
      else known.add(id);
      if (doc) left.push(doc);
    }
  }
  const id = notes.find((each) => !known.has(each));
  if (id !== undefined) yield { message: `a note is about \`${id}\`, but no state has this name`, words: ['note', id] };
}

function* findUnknownActivations(db) {
  const actors = db.getActors();
  const found = db.getMessages().find(({ type, from }) => type === db.LINETYPE.ACTIVE_START && !actors.has(from));
  if (found) yield { message: `\`${found.from}\` is activated, but no participant has this name`, words: ['activate', found.from] };
}

function* findBlocksWithoutColumns(_db, text) {
  const columns = /^\s*(columns\s+0+)(?!\d)/m.exec(text)?.[1];
  if (columns) yield { message: 'a block needs at least one column', words: [columns] };
}

function* findDoubleEdges(db) {
  const seen = new Set();
  for (const { lhsId, rhsId } of db.getEdges()) {
    const pair = `${lhsId}\n${rhsId}`; // one in the other direction can be drawn
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
