import type { Tensor } from '../../graph/tensor.js';
import { Inert, type PickleValue, shown } from './pickle-values.js';
import { PickledTensor } from './torch.js';

/** Keys under which training scripts put the weights, in the order they are tried. */
const WRAPPERS = ['model_state_dict', 'state_dict', 'network_weights', 'model', 'net', 'ema', 'module'];

/** Prefixes that DistributedDataParallel, torch.compile and Lightning's usual `self.model` put before every key. */
const PREFIXES = ['module.', '_orig_mod.', 'model.'];

/** What torch.optim.swa_utils.AveragedModel keeps beside the weights. */
const COUNTERS = ['n_averaged'];

const MAX_WRAPPING = 3;

/** The weights of a checkpoint and where in it they were found. */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The keys that lead to them, dotted; '' where they are the file's object itself. */
  readonly under: string;
  /** Other keys under which there are weights as well. */
  readonly others: readonly string[];
}

/**
 * Finds the tensors in the object of a checkpoint: under `key`, or else under one of the usual keys, otherwise in the
 * object itself. (Scripts put single tensors, a best score or a random state, beside the weights.)
 * @param key dotted keys that lead to them, as `unet.state_dict`
 * @throws Error that says what the object is instead
 */
export function stateDictOf(object: PickleValue, key = ''): StateDict {
  const place = key === '' ? object : key.split('.').reduce(valueAt, object);
  const found = findTensors(place, 0, new Map());
  if (found !== undefined) {
    return {
      ...found,
      under: [key, found.under].filter(Boolean).join('.'),
      tensors: stripPrefixes(found.tensors),
    };
  }
  const model = [place, ...WRAPPERS.map((name) => valueAt(place, name))].find(
    (value) => value instanceof Inert,
  );
  if (model !== undefined) {
    throw new Error(`holds an object of ${shown(model)}, not a state dict: save model.state_dict() instead`);
  }
  const where = key === '' ? '' : ` under '${key}'`;
  const keys = (value: PickleValue) =>
    value instanceof Map ? [...value.keys()].slice(0, 5).map(shown).join(', ') : '';
  const held = keys(place) || keys(object);
  throw new Error(
    held === ''
      ? `holds no state dict${where}: save model.state_dict() with torch.save`
      : `holds no state dict${where}: its keys are ${held}; --key says where to look`,
  );
}

function valueAt(object: PickleValue | undefined, key: string): PickleValue {
  return (object instanceof Map ? object.get(key) : undefined) ?? null;
}

/** What was found in the dicts looked into so far: a pickle may hold one a million times. */
type Findings = Map<PickleValue, StateDict | undefined>;

function findTensors(object: PickleValue, depth: number, findings: Findings): StateDict | undefined {
  if (!(object instanceof Map) || depth > MAX_WRAPPING) return undefined;
  if (!findings.has(object)) {
    // A dict that holds itself finds nothing there.
    findings.set(object, undefined);
    findings.set(object, lookInto(object, depth, findings));
  }
  return findings.get(object);
}

function lookInto(
  object: Map<PickleValue, PickleValue>,
  depth: number,
  findings: Findings,
): StateDict | undefined {
  const wrapped: { name: string; found: StateDict }[] = [];
  for (const [name, value] of object) {
    const found = typeof name === 'string' ? findTensors(value, depth + 1, findings) : undefined;
    if (typeof name === 'string' && found !== undefined) wrapped.push({ name, found });
  }
  for (const usual of WRAPPERS) {
    const first = wrapped.find(({ name }) => name === usual);
    if (first === undefined) continue;
    const { tensors, under, others } = first.found;
    const beside = wrapped.filter(({ found }) => found !== first.found).map(({ name }) => name);
    return { tensors, under: under === '' ? usual : `${usual}.${under}`, others: [...beside, ...others] };
  }
  const tensors = new Map<string, Tensor>();
  for (const [key, value] of object) {
    if (typeof key !== 'string' || COUNTERS.includes(key)) continue;
    if (value instanceof PickledTensor) tensors.set(key, value.tensor);
  }
  return tensors.size > 0 ? { tensors, under: '', others: [] } : undefined;
}

/** Removes prefixes that all keys have, one after another. */
export function stripPrefixes(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  let stripped = tensors;
  for (let times = 0; times < MAX_WRAPPING; times++) {
    const keys = [...stripped.keys()];
    const prefix = PREFIXES.find((start) => keys.every((key) => key.startsWith(start)));
    if (prefix === undefined) break;
    stripped = new Map(Array.from(stripped, ([key, tensor]) => [key.slice(prefix.length), tensor]));
  }
  return stripped;
}
