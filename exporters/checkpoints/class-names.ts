import { MAX_CLASSES, NAME_FIELDS } from '../../graph/recipe/class-names.js';
import { type PickleValue, Tuple } from './pickle/pickle-values.js';

/** Dicts beside the weights in which training scripts keep what they know of the data: MMSegmentation, Lightning, nnU-Net. */
const HOLDERS = [
  'meta',
  'dataset_meta',
  'hyper_parameters',
  'hparams',
  'config',
  'cfg',
  'args',
  'init_args',
  'dataset_json',
];

/** Dicts within dicts; a pickle may hold one in itself. */
const MAX_DEPTH = 3;

/** What a checkpoint's object says of the names of classes, as JSON by field: the outermost of each. */
export function classNameTexts(object: PickleValue, depth = 0): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (!(object instanceof Map) || depth > MAX_DEPTH) return texts;
  for (const field of NAME_FIELDS) {
    const names = namesIn(object.get(field) ?? object.get(field.toUpperCase()));
    if (names !== undefined) texts.set(field, JSON.stringify(names));
  }
  for (const holder of HOLDERS) {
    const inner = classNameTexts(object.get(holder) ?? null, depth + 1);
    for (const [field, text] of inner) if (!texts.has(field)) texts.set(field, text);
  }
  return texts;
}

/** A list of names, or a dict of names by number or the other way round, as JSON can hold it. */
function namesIn(value: PickleValue | undefined): unknown {
  const items = value instanceof Tuple ? value.items : value;
  if (Array.isArray(items)) {
    return items.length <= MAX_CLASSES && items.every((name) => typeof name === 'string') ? items : undefined;
  }
  if (!(items instanceof Map) || items.size > MAX_CLASSES) return undefined;
  const plain = [...items].map(([key, held]) => [plainOf(key), plainOf(held)] as const);
  const isPlain = plain.every(([key, held]) => key !== undefined && held !== undefined);
  return isPlain ? Object.fromEntries(plain) : undefined;
}

function plainOf(value: PickleValue): string | number | undefined {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}
