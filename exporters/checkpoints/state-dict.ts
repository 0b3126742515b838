import type { Tensor } from '../../graph/tensor.js';
import { Inert, type PickleValue, shown } from './pickle-values.js';
import { PickledTensor } from './torch.js';

/** Keys under which training scripts put the weights, in the order they are tried. */
const WRAPPERS = ['model_state_dict', 'state_dict', 'network_weights', 'model', 'net', 'ema', 'module'];

/** Prefixes that DistributedDataParallel, torch.compile and Lightning's usual `self.model` put before every key. */
const PREFIXES = ['module.', '_orig_mod.', 'model.'];

const MAX_WRAPPING = 3;

/**
 * Finds the tensors in the object of a checkpoint: under one of the usual keys, otherwise in the object itself. (Scripts
 * put single tensors, a best score or a random state, beside the weights.)
 * @throws Error that says what the object is instead
 */
export function stateDictOf(object: PickleValue): ReadonlyMap<string, Tensor> {
  if (object instanceof Inert) {
    throw new Error(`holds an object of ${shown(object)}, not a state dict: save model.state_dict() instead`);
  }
  const tensors = findTensors(object, 0);
  if (tensors !== undefined) return stripPrefixes(tensors);
  const keys = object instanceof Map ? [...object.keys()].slice(0, 5).map(shown).join(', ') : '';
  throw new Error(
    keys === ''
      ? 'holds no state dict: save model.state_dict() with torch.save'
      : `holds no state dict: its keys are ${keys}`,
  );
}

function findTensors(
  object: PickleValue | undefined,
  depth: number,
): ReadonlyMap<string, Tensor> | undefined {
  if (!(object instanceof Map) || depth > MAX_WRAPPING) return undefined;
  for (const name of WRAPPERS) {
    const wrapped = findTensors(object.get(name), depth + 1);
    if (wrapped !== undefined) return wrapped;
  }
  const tensors = new Map<string, Tensor>();
  for (const [key, value] of object) {
    if (typeof key === 'string' && value instanceof PickledTensor) tensors.set(key, value.tensor);
  }
  return tensors.size > 0 ? tensors : undefined;
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
