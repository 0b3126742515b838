import { printable } from '../../graph/common/errors.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { stripPrefixes } from './select-keys.js';

type Tensors = ReadonlyMap<string, Tensor>;

/** A module that holds weights averaged over the training: `ema`, `ema_model`, `model_ema`, `swa_model`, `averaged_model`. */
const AVERAGE = /(^|_)(ema|swa|averaged?|polyak|shadow)(_|$)/i;

/** Fewer tensors are a layer's (there is an attention called EMA), not a network's. */
const LEAST_TENSORS = 8;

/** Wrappers of an average that the weights beside it lack: `ema.module.conv1.weight`. */
const MAX_WRAPPERS = 2;
const MAX_PLACES = 8;
const MAX_PREFIX = 200;

/** Whether two state dicts are those of one network, whatever weights they hold. */
export function isSameNetwork(one: Tensors, other: Tensors): boolean {
  const [a, b] = [stripPrefixes(one).tensors, stripPrefixes(other).tensors];
  return isWithin(a, '', b) && isWithin(b, '', a);
}

/** What a state dict holds once more as an average below another prefix is taken as it was trained, and that is told. */
export function withoutAverages(tensors: Tensors): {
  readonly tensors: Tensors;
  readonly assumed: readonly Assumption[];
} {
  const averages = averagesIn(tensors);
  if (averages.length === 0) return { tensors, assumed: [] };
  const left = [...tensors].filter(([key]) => !averages.some(({ prefix }) => key.startsWith(prefix)));
  const assumed = averages.map(({ prefix, of }) => ({
    what: 'weights',
    value: printable(
      `${of === '' ? 'without a prefix' : `below '${of}'`}, not their average below '${prefix}'`,
    ),
    option: 'prefix',
  }));
  return { tensors: new Map(left), assumed };
}

function averagesIn(tensors: Tensors) {
  const prefixes = new Set(Array.from(tensors.keys(), averagePrefix));
  prefixes.delete('');
  return [...prefixes].slice(0, MAX_PLACES).flatMap((prefix) => {
    const of = trainedPrefix(tensors, prefix);
    return of === undefined ? [] : [{ prefix, of }];
  });
}

/** What a key begins with up to the module that holds an average; '' for no such key. */
function averagePrefix(key: string): string {
  const segments = key.split('.');
  const place = segments.slice(0, -1).findIndex((segment) => AVERAGE.test(segment));
  if (place < 0) return '';
  const prefix = `${segments.slice(0, place + 1).join('.')}.`;
  return prefix.length > MAX_PREFIX ? '' : prefix;
}

/** What the keys of the weights that were averaged begin with; undefined where they are not there. */
function trainedPrefix(tensors: Tensors, prefix: string): string | undefined {
  const stored = [...tensors].filter(([key, { dims }]) => key.startsWith(prefix) && dims.length > 0);
  if (stored.length < LEAST_TENSORS) return undefined;
  let length = prefix.length;
  for (let wrappers = 0; wrappers <= MAX_WRAPPERS; wrappers++) {
    const average = new Map(stored.map(([key, tensor]) => [key.slice(length), tensor]));
    const found = placesOf(tensors, average).find((place) => isWithin(average, place, tensors));
    if (found !== undefined) return found;
    const wrapper = commonModule([...average.keys()]);
    if (wrapper === undefined) return undefined;
    length += wrapper.length;
  }
  return undefined;
}

/** The module with its dot that all keys are in. */
function commonModule(keys: readonly string[]): string | undefined {
  const modules = new Set(keys.map((key) => key.slice(0, key.indexOf('.') + 1)));
  const [module] = modules;
  return modules.size === 1 && module !== '' ? module : undefined;
}

/** Where else the first key of an average is, behind a prefix that is not one of an average. */
function placesOf(tensors: Tensors, average: Tensors): readonly string[] {
  const [key] = average.keys();
  if (key === undefined) return [];
  const ending = [...tensors.keys()].filter((other) => other === key || other.endsWith(`.${key}`));
  const places = ending.map((other) => other.slice(0, other.length - key.length));
  return places.filter((place) => averagePrefix(`${place}weight`) === '').slice(0, MAX_PLACES);
}

/** Whether there is a tensor of the same shape for each, below a prefix. Counters need none. */
function isWithin(part: Tensors, prefix: string, whole: Tensors): boolean {
  return [...part].every(([key, { dims }]) => {
    const other = whole.get(`${prefix}${key}`);
    return dims.length === 0 || (other !== undefined && String(other.dims) === String(dims));
  });
}
