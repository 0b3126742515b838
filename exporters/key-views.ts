import { withoutSegments } from './checkpoints/select-keys.js';
import type { Shapes } from './weights.js';

/** Keys of a state dict below a prefix: what a network calls them, and what they are called there. */
export interface KeyView {
  readonly prefix: string;
  readonly names: ReadonlyMap<string, string>;
}

/** Places at which networks are looked for; a state dict with more holds none. */
const MAX_VIEWS = 64;

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
    for (const stem of stems) if (name.endsWith(stem)) prefixes.add(name.slice(0, -stem.length));
  }
  prefixes.delete('');
  // Those that are no whole modules last.
  const depth = (prefix: string) => prefix.split('.').length + (prefix.endsWith('.') ? 0 : MAX_VIEWS);
  return [...prefixes]
    .sort((a, b) => depth(a) - depth(b))
    .slice(0, MAX_VIEWS)
    .map((prefix) => ({ prefix, names: namesBelow(names, prefix) }));
}

function namesBelow(names: ReadonlyMap<string, string>, prefix: string): ReadonlyMap<string, string> {
  const below = [...names].filter(([name]) => name.startsWith(prefix));
  return new Map(below.map(([name, stored]) => [name.slice(prefix.length), stored]));
}

/** The shapes of a view, by the network's names. */
export function shapesIn({ names }: KeyView, shapes: Shapes): Shapes {
  return new Map(Array.from(names, ([name, stored]) => [name, shapes.get(stored) ?? []]));
}
