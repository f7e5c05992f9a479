/**
 * The diagram types of diagram_types.json, which the AI service reads too (app/diagram_types.py). They are in the order
 * in which most people need them. Of each type: what Mermaid calls it, its purpose, other first words that Mermaid
 * accepts (`aliases`), more names that requests may use (`names`), and the lines of an example.
 */
import types from './diagram_types.json' with { type: 'json' };

/** Entries `{type, keyword, aliases, description, example}`; the keyword is the first word of such a diagram. */
export const CATALOGUE = types.map(({ type, aliases, description, example }) => {
  return { type, keyword: /^\S+/.exec(example[0])[0], aliases, description, example: example.join('\n') };
});

/**
 * The keyword that is most similar to a wrong word, or null.
 *
 * @param {string} word
 * @returns {string | null}
 */
export function findKeyword(word) {
  const wanted = word.toLowerCase();
  const keywords = CATALOGUE.flatMap(({ keyword, aliases }) => [keyword, ...aliases]);
  const ranked = keywords
    .map((keyword) => ({ keyword, distance: distance(wanted, keyword.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const begins = keywords.find((keyword) => wanted.length > 3 && keyword.toLowerCase().startsWith(wanted));
  if (ranked[0].distance <= Math.max(1, wanted.length / 4)) return ranked[0].keyword;
  return begins ?? null;
}

/** The Levenshtein distance: how many letters differ. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
