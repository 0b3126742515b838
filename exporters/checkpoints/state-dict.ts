import { option } from '../../graph/common/option.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { isSameNetwork } from './averages.js';
import { Inert, type PickleValue, shown } from './pickle/pickle-values.js';
import { beginnings } from './select-keys.js';
import { ModuleStates } from './torch/modules.js';
import { PickledObject, tensorOf } from './torch/torch-values.js';

/** Keys under which training scripts put the weights, in the order they are tried. */
const WRAPPERS = ['model_state_dict', 'state_dict', 'network_weights', 'model', 'net', 'ema', 'module'];

const MAX_WRAPPING = 3;
/** Characters of a key that thousands of keys are to begin with. */
const MAX_NAME = 1024;

/** Whether dotted keys are those that training scripts use, so that nothing is to be said of them. */
export const isUsual = (under: string): boolean => under.split('.').every((key) => WRAPPERS.includes(key));

/** The weights of a checkpoint and where in it they were found. */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The keys that lead to them, dotted; '' where they are the file's object itself. */
  readonly under: string;
  /** Other keys under which there are weights as well. */
  readonly others: readonly string[];
  /** Those among them, with dots, that hold the same network's weights: an average, or what it is an average of. */
  readonly copies: readonly string[];
  /** Keys of tensors that stand beside those keys. */
  readonly beside: readonly string[];
  /** The classes of the models that they were read out of, which were pickled whole. */
  readonly models: readonly string[];
  /** What their keys are still to begin with: the rest of the key that was asked for. */
  readonly prefix?: string;
}

/**
 * Finds the tensors in the object of a checkpoint: under `key`, or else under one of the usual keys, otherwise in the
 * object itself. Of several dicts of tensors under other keys, these become the beginnings of the tensors' keys. (Scripts put
 * single tensors, a best score or a random state, beside the weights.)
 * @param key dotted keys that lead to them, as `unet.state_dict`; its end may be what the keys of a dict begin with
 * @throws Error that says what the object is instead
 */
export function stateDictOf(object: PickleValue, key = ''): StateDict {
  const finder = new Finder();
  const { place, under, rest } = finder.follow(object, key);
  const found = finder.tensors(place, 0);
  if (found !== undefined && (rest === '' || hasPrefix(found, rest))) {
    return {
      ...found,
      under: [under, found.under].filter(Boolean).join('.'),
      ...(rest !== '' && { prefix: rest }),
    };
  }
  const model = [place, ...WRAPPERS.map((name) => finder.valueAt(place, name))].find(
    (value) => value instanceof Inert,
  );
  if (model !== undefined && rest === '') {
    throw new Error(`holds an object of ${shown(model)}, not a state dict: save model.state_dict() instead`);
  }
  const where = key === '' ? '' : ` under '${key}'`;
  const held = heldBy(finder.dictOf(place)) || heldBy(finder.dictOf(object));
  throw new Error(
    held === ''
      ? `holds no state dict${where}: save model.state_dict() with torch.save`
      : `holds no state dict${where}: ${held}; ${option('key')} says where to look`,
  );
}

function hasPrefix({ tensors }: StateDict, prefix: string): boolean {
  return [...tensors.keys()].some((key) => key.startsWith(prefix));
}

const MAX_NAMED = 12;

function heldBy(dict: Map<PickleValue, PickleValue> | undefined): string {
  if (dict === undefined || dict.size === 0) return '';
  const keys = [...dict.keys()];
  if ([...dict.values()].every((value) => tensorOf(value) !== undefined)) return beginnings(keys.map(shown));
  const more = keys.length > MAX_NAMED ? ` and ${keys.length - MAX_NAMED} more` : '';
  return `its keys are ${keys.slice(0, MAX_NAMED).map(shown).join(', ')}${more}`;
}

interface Wrapped {
  readonly name: string;
  readonly found: StateDict;
}

/** Looks through the dicts of one pickle. */
class Finder {
  readonly #states = new ModuleStates();
  /** What was found in the dicts looked into so far: a pickle may hold one a million times. */
  readonly #findings = new Map<PickleValue, StateDict | undefined>();

  /**
   * Follows dotted keys into dicts, some of whose keys hold dots themselves: of those that fit, the longest. `rest` is what no
   * dict has as a key.
   */
  follow(object: PickleValue, key: string): { place: PickleValue; under: string; rest: string } {
    let place = object;
    let rest = key.replace(/\.$/, '');
    const path: string[] = [];
    for (let step = this.#headOf(place, rest); step !== undefined; step = this.#headOf(place, rest)) {
      place = this.valueAt(place, step);
      path.push(step);
      rest = rest.slice(step.length + 1);
    }
    return { place, under: path.join('.'), rest };
  }

  #headOf(place: PickleValue, path: string): string | undefined {
    for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
      const head = path.slice(0, end);
      if (this.dictOf(this.valueAt(place, head)) !== undefined) return head;
    }
    return undefined;
  }

  valueAt(object: PickleValue | undefined, key: string): PickleValue {
    return this.dictOf(object)?.get(key) ?? null;
  }

  /** A dict, or a module's state in place of it. */
  dictOf(value: PickleValue | undefined): Map<PickleValue, PickleValue> | undefined {
    if (value instanceof Map) return value;
    return value instanceof PickledObject ? this.#states.of(value) : undefined;
  }

  tensors(object: PickleValue, depth: number): StateDict | undefined {
    if (!(object instanceof Map || object instanceof PickledObject) || depth > MAX_WRAPPING) return undefined;
    if (!this.#findings.has(object)) {
      // A dict that holds itself finds nothing there.
      this.#findings.set(object, undefined);
      const dict = this.dictOf(object);
      const found = dict && this.#lookInto(dict, depth);
      const models = object instanceof PickledObject ? [object.path] : [];
      this.#findings.set(object, found && { ...found, models: [...models, ...found.models] });
    }
    return this.#findings.get(object);
  }

  #lookInto(object: Map<PickleValue, PickleValue>, depth: number): StateDict | undefined {
    const wrapped: Wrapped[] = [];
    const own = new Map<string, Tensor>();
    for (const [name, value] of object) {
      if (typeof name !== 'string') continue;
      const tensor = tensorOf(value);
      const found = this.tensors(value, depth + 1);
      if (tensor !== undefined) own.set(name, tensor);
      else if (found !== undefined) wrapped.push({ name, found });
    }
    const beside = [...own.keys()];
    for (const usual of WRAPPERS) {
      const first = wrapped.find(({ name }) => name === usual);
      if (first !== undefined) return unwrapped(first, wrapped, beside);
    }
    const [only, ...more] = wrapped;
    if (only !== undefined && more.length === 0 && own.size === 0) return unwrapped(only, wrapped, beside);
    return joined(own, wrapped);
  }
}

/** What stands under one of the keys of a dict. */
function unwrapped({ name, found }: Wrapped, all: readonly Wrapped[], beside: readonly string[]): StateDict {
  const others = all.filter((other) => other.found !== found && holdsWeights(other.found));
  const copies = others.filter((other) => isSameNetwork(other.found.tensors, found.tensors));
  return {
    ...found,
    under: placeOf({ name, found }),
    others: [
      ...others.filter((other) => !copies.includes(other)).map((other) => other.name),
      ...found.others,
    ],
    copies: [...copies.map(placeOf), ...found.copies.map((copy) => `${name}.${copy}`)],
    beside: [...beside, ...found.beside],
  };
}

/** A best score or a step is none. */
const holdsWeights = ({ tensors }: StateDict) => [...tensors.values()].some(({ dims }) => dims.length > 0);

const placeOf = ({ name, found: { under } }: Wrapped): string => (under === '' ? name : `${name}.${under}`);

/** A dict's own tensors and those of the dicts in it, each dict once. */
function joined(own: ReadonlyMap<string, Tensor>, wrapped: readonly Wrapped[]): StateDict | undefined {
  const tensors = new Map(own);
  const models: string[] = [];
  const done = new Set<StateDict>();
  for (const { name, found } of wrapped) {
    if (done.has(found)) continue;
    if (name.length > MAX_NAME) throw new RangeError(`a dict has a key of ${name.length} characters`);
    done.add(found);
    models.push(...found.models);
    for (const [key, tensor] of found.tensors) tensors.set(`${name}.${key}`, tensor);
  }
  return tensors.size > 0 ? weightsAlone(tensors, models) : undefined;
}

/** Weights that stand under no key, and nothing beside them. */
export const weightsAlone = (
  tensors: ReadonlyMap<string, Tensor>,
  models: readonly string[] = [],
): StateDict => ({ tensors, under: '', others: [], copies: [], beside: [], models });
