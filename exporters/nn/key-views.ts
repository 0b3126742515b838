import { withoutSegments } from '../checkpoints/select-keys.js';
import type { Shapes } from './weights.js';

/** Keys of a state dict below a prefix: what a network calls them, and what they are called there. */
export interface KeyView {
  readonly prefix: string;
  readonly names: ReadonlyMap<string, string>;
}

/** Places at which networks are looked for; a state dict with more holds none. */
const MAX_VIEWS = 64;

/** Characters of a prefix. */
const MAX_PREFIX = 1024;

/** Where DataParallel and its kin keep what they wrap. A network's own module may be named so as well. */
const WRAPPERS = ['module'];

/** All keys as they are and, if there are wrappers within them, all keys without. */
export function wholeViews(keys: Iterable<string>): readonly KeyView[] {
  const all = [...keys];
  const names = new Map(all.map((key) => [key, key]));
  const unwrapped = new Map(all.map((key) => [withoutSegments(key, WRAPPERS), key]));
  const isAnother = unwrapped.size === names.size && all.some((key) => !unwrapped.has(key));
  return [{ prefix: '', names }, ...(isAnother ? [{ prefix: '', names: unwrapped }] : [])];
}

/** What of a view lies below each prefix under which there is one of these keys, from shallow to deep. */
export function viewsBelow({ names }: KeyView, stems: readonly string[]): readonly KeyView[] {
  const prefixes = new Set<string>();
  for (const name of names.keys()) {
    for (const stem of stems) {
      const length = name.length - stem.length;
      if (length > 0 && length <= MAX_PREFIX && name.endsWith(stem)) prefixes.add(name.slice(0, length));
    }
  }
  return [...prefixes]
    .map((prefix) => ({ prefix, depth: depthOf(prefix) }))
    .sort((a, b) => a.depth - b.depth)
    .slice(0, MAX_VIEWS)
    .map(({ prefix }) => ({ prefix, names: namesBelow(names, prefix) }));
}

/** The modules of a prefix; one that ends within a module's name comes after all others. */
function depthOf(prefix: string): number {
  return prefix.endsWith('.') ? prefix.split('.').length : MAX_PREFIX;
}

function namesBelow(names: ReadonlyMap<string, string>, prefix: string): ReadonlyMap<string, string> {
  const below = [...names].filter(([name]) => name.startsWith(prefix));
  return new Map(below.map(([name, stored]) => [name.slice(prefix.length), stored]));
}

/** The shapes of a view, by the network's names. */
export function shapesIn({ names }: KeyView, shapes: Shapes): Shapes {
  return new Map(Array.from(names, ([name, stored]) => [name, shapes.get(stored) ?? []]));
}

/** A view in which keys that are missing stand for others: those that `firstOf` makes of them. */
export function withFirsts(view: KeyView, firstOf: (key: string) => string): KeyView {
  const names = new Map(view.names);
  for (const [name, stored] of view.names) {
    const first = firstOf(name);
    if (!names.has(first)) names.set(first, stored);
  }
  return { ...view, names };
}
