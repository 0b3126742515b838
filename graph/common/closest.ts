import { at } from './at.js';

/** Names are compared up to here: files may hold longer ones. */
const MAX_COMPARED = 200;

/** How many characters must be put in, left out or replaced to make one text of another (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(above, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, at(above, j) + 1, at(row, j - 1) + 1));
    }
  }
  return at(row, to.length);
}

/** Those names that are most like one that is not among them, the closest first. */
export function closest(name: string, names: Iterable<string>, count: number): readonly string[] {
  const wanted = name.slice(0, MAX_COMPARED);
  return Array.from(names, (known) => ({ known, away: distance(wanted, known.slice(0, MAX_COMPARED)) }))
    .sort((a, b) => a.away - b.away)
    .slice(0, count)
    .map(({ known }) => known);
}
