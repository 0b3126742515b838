import { type PickleValue, Tuple } from './pickle-values.js';

/** What nnU-Net saves beside the weights: plans, configuration, fold and dataset, its trainer, the axes that images may be mirrored along. */
const NAMES = ['init_args', 'trainer_name', 'inference_allowed_mirroring_axes'];

const MAX_DEPTH = 32;
/** Values and characters of one entry: a pickle may hold one text a million times. */
const MAX_SIZE = 2 ** 22;

/** The entries of a checkpoint's dict that say what its network is, as JSON by name; objects of classes are left out. */
export function plainTexts(object: PickleValue): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (!(object instanceof Map)) return texts;
  for (const name of NAMES) {
    const value = object.has(name) ? new Plain(name).of(object.get(name) ?? null) : undefined;
    if (value !== undefined) texts.set(name, JSON.stringify(value));
  }
  return texts;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Makes one entry plain, within limits. */
class Plain {
  #size = 0;

  constructor(readonly name: string) {}

  /** Undefined for what JSON does not hold. @throws RangeError for what is too large, or holds itself */
  of(value: PickleValue, depth = 0): Json | undefined {
    this.#size += typeof value === 'string' ? value.length + 1 : 1;
    if (this.#size > MAX_SIZE || depth > MAX_DEPTH) {
      throw new RangeError(`its entry '${this.name}' is too large, nested too deeply, or holds itself`);
    }
    if (value === null || ['boolean', 'number', 'string'].includes(typeof value)) return value as Json;
    if (typeof value === 'bigint') return Number(value);
    const items = value instanceof Tuple ? value.items : value;
    if (Array.isArray(items)) return items.map((item) => this.of(item, depth + 1) ?? null);
    return items instanceof Map ? this.#object(items, depth) : undefined;
  }

  #object(dict: ReadonlyMap<PickleValue, PickleValue>, depth: number): Json {
    const entries: [string, Json][] = [];
    for (const [key, held] of dict) {
      const value = this.of(held, depth + 1);
      const isNamed = typeof key === 'string' || typeof key === 'number';
      if (isNamed && value !== undefined) entries.push([String(key), value]);
    }
    return Object.fromEntries(entries);
  }
}
