import { at } from './at.js';

/** Names are compared up to here: files may hold longer ones. */
const MAX_COMPARED = 200;

/** A name that differs in as many of its characters is another one, not a misspelt one. */
const MAX_SHARE = 1 / 3;

/** How many characters must be put in, left out, replaced or swapped with the next to make one text of another (optimal string alignment). */
function distance(from: string, to: string): number {
  let before: readonly number[] = [];
  let above: readonly number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    [before, above, row] = [above, row, [i]];
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(above, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, swapped, at(above, j) + 1, at(row, j - 1) + 1));
    }
  }
  return at(row, to.length);
}

const comparable = (name: string): string => name.slice(0, MAX_COMPARED).toLowerCase();

/** How far a name is from each of others: how many characters differ, and the share that they are of the longer name. */
function distances(name: string, names: Iterable<string>) {
  const wanted = comparable(name);
  return Array.from(names, (known) => {
    const other = comparable(known);
    const away = distance(wanted, other);
    return { known, away, share: away / Math.max(wanted.length, other.length) };
  });
}

/** Those names that one which is not among them may be meant for, the closest first; none where none is like it. */
export function closest(name: string, names: Iterable<string>, count: number): readonly string[] {
  return distances(name, names)
    .filter(({ share }) => share < MAX_SHARE)
    .sort((a, b) => a.away - b.away)
    .slice(0, count)
    .map(({ known }) => known);
}

/** A message lists all of so many names; of more, the nearest. */
const [MAX_LISTED, NEAREST] = [8, 3];

/**
 * What a message says behind a name that is not among others: which it may be meant for.
 * @param word what the message calls each
 */
export function instead(name: string, names: readonly string[], word: (name: string) => string): string {
  const [near] = closest(name, names, 1);
  if (near !== undefined) return `; the closest is ${word(near)}`;
  if (names.length <= MAX_LISTED)
    return `, expected ${names.map((known) => word(known)).join(', ') || 'none'}`;
  const nearest = distances(name, names).sort((a, b) => a.share - b.share);
  const few = nearest.slice(0, NEAREST).map(({ known }) => word(known));
  return `; the nearest of ${names.length} are ${few.join(', ')}`;
}

/** What a message says of them behind a list of all: `; the closest is UNet`, or nothing. */
export function closestText(name: string, names: Iterable<string>, count = 1): string {
  const near = closest(name, names, count);
  if (near.length === 0) return '';
  return `; the closest ${near.length === 1 ? 'is' : 'are'} ${near.join(', ')}`;
}
