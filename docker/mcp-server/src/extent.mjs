/**
 * How deep and how large a diagram is, to estimate how long a browser needs to draw it.
 */

// Within these bounds, Chromium on two busy processors draws a diagram in about two seconds. Each level of nested blocks
// doubles the time; for the other types it grows with the number of parts.
const BOUNDS = {
  architecture: { depth: 50, parts: 300, measure: measureArchitecture },
  block: { depth: 16, parts: 300, measure: (db) => measureTree(db.getBlocks(), ({ children }) => children, db.getEdges()) },
  c4: { depth: 200, parts: 250, measure: measureC4 },
  gantt: { parts: 1000, measure: (db) => ({ parts: db.getTasks().length }) },
  requirement: { parts: 300, measure: measureRequirements },
  sankey: { parts: 1000, measure: (db) => ({ parts: db.getGraph().nodes.length + db.getGraph().links.length }) },
  stateDiagram: { depth: 100, parts: 200, measure: (db) => measureTree(db.getRootDocV2().doc, ({ doc }) => doc) },
  venn: { parts: 30, measure: (db) => ({ parts: db.getSubsetData().length }) },
  xychart: { parts: 1000, measure: (db) => ({ parts: db.getXYChartData().plots.flatMap(({ data }) => data).length }) },
};

/**
 * Why a diagram may take a browser very long to draw.
 *
 * @param {string} type as Mermaid calls it
 * @param {object} db its database
 * @returns {string | null} null if it is drawn soon
 */
export function findExcess(type, db) {
  const { depth: deepest = Infinity, parts: most, measure } = BOUNDS[type];
  const { depth = 0, parts } = measure(db);
  if (depth > deepest) return `nested ${depth} deep: drawing it may take very long`;
  return parts > most ? `made of ${parts} parts: drawing it may take very long` : null;
}

/** Depth and parts of a tree. */
function measureTree(roots, childrenOf, others = []) {
  let depth = 0;
  let parts = others.length;
  let level = roots ?? [];
  while (level.length) {
    parts += level.length;
    level = level.flatMap((part) => childrenOf(part) ?? []);
    if (level.length) depth += 1;
  }
  return { depth, parts };
}

/** The depth of groups `[name, name of the group around it]`. */
function measureGroups(groups) {
  const around = new Map(groups);
  const depths = new Map();
  for (const [name] of groups) {
    const path = [];
    for (let at = name; around.has(at) && !depths.has(at) && !path.includes(at); at = around.get(at)) path.push(at);
    for (const each of path.reverse()) depths.set(each, (depths.get(around.get(each)) ?? 0) + 1);
  }
  return Math.max(0, ...depths.values());
}

function measureArchitecture(db) {
  const groups = db.getGroups();
  const parts = groups.length + db.getNodes().length + db.getEdges().length;
  return { depth: measureGroups(groups.map((group) => [group.id, group.in])), parts };
}

function measureC4(db) {
  const boundaries = db.getBoundaries().filter(({ alias }) => alias !== 'global');
  const parts = boundaries.length + db.getC4ShapeArray().length + db.getRels().length;
  return { depth: measureGroups(boundaries.map(({ alias, parentBoundary }) => [alias, parentBoundary])), parts };
}

function measureRequirements(db) {
  return { parts: db.getRequirements().size + db.getElements().size + db.getRelationships().length };
}
