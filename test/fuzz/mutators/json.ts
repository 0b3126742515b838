import type { Random } from '../random.js';

const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 255, 256, 65_536, 65_537, 2 ** 31, 2 ** 53, 1e308, -0],
  ...['', 'x', '__proto__', 'F32', '\u0000\ud800', '9'.repeat(400), [], {}, [[]], [0], { kind: 'unit' }],
];
const KEYS = ['__proto__', 'constructor', 'toString', '', 'kind', 'name', 'shape', 'data'];

/** The text of a JSON value with some of its parts changed, or, once in six times, with the text itself changed. */
export function mutateJson(value: unknown, random: Random): string {
  let changed = value;
  for (let times = 1 + random.below(3); times > 0; times--) changed = mutated(changed, random);
  const text = JSON.stringify(changed) ?? '';
  return random.once(6) ? mutateText(text, random) : text;
}

function mutated(value: unknown, random: Random): unknown {
  if (random.once(8) || typeof value !== 'object' || value === null) return random.pick(VALUES);
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1);
    if (random.once(4)) return value.toSpliced(at, random.below(2), random.pick(VALUES));
    return value.map((element, i) => (i === at ? mutated(element, random) : element));
  }
  const entries = Object.entries(value);
  const at = random.below(entries.length + 1);
  if (random.once(6)) return Object.fromEntries(entries.toSpliced(at, 1));
  if (random.once(6)) return Object.fromEntries([...entries, [random.pick(KEYS), random.pick(VALUES)]]);
  return Object.fromEntries(
    entries.map(([key, inner], i) => [key, i === at ? mutated(inner, random) : inner]),
  );
}

function mutateText(text: string, random: Random): string {
  const [from, to] = [random.below(text.length + 1), random.below(text.length + 1)];
  const piece = random.pick([
    '',
    '[',
    '{"',
    '"',
    '\\',
    ',',
    '\u0000',
    text.slice(from, from + 20),
    '['.repeat(5000),
  ]);
  return random.once(4)
    ? text.slice(0, from)
    : text.slice(0, from) + piece + text.slice(Math.max(from, to - 8));
}
