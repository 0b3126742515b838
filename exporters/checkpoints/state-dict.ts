import type { Tensor } from '../../graph/tensor.js';
import { Inert, type PickleValue } from './pickle-values.js';
import { PickledTensor } from './torch.js';

/** Keys under which training scripts put the weights, in the order they are tried. */
const WRAPPERS = ['model_state_dict', 'state_dict', 'network_weights', 'model', 'net', 'ema', 'module'];

/** Prefixes that DistributedDataParallel and torch.compile put before every key. */
const PREFIXES = ['module.', '_orig_mod.'];

const MAX_WRAPPING = 3;

/**
 * Finds the tensors in the object of a checkpoint: the object itself, or what it holds under one of the usual keys.
 * @throws Error that says what the object is instead
 */
export function stateDictOf(object: PickleValue, depth = 0): ReadonlyMap<string, Tensor> {
  if (object instanceof Inert) {
    throw new Error(`holds an object of ${object.path}, not a state dict: save model.state_dict() instead`);
  }
  if (!(object instanceof Map))
    throw new Error('holds no state dict: save model.state_dict() with torch.save');
  const tensors = new Map<string, Tensor>();
  for (const [key, value] of object) {
    if (typeof key === 'string' && value instanceof PickledTensor) tensors.set(key, value.tensor);
  }
  if (tensors.size > 0) return stripPrefixes(tensors);
  const wrapped = WRAPPERS.find((name) => object.get(name) instanceof Map);
  if (wrapped === undefined || depth === MAX_WRAPPING) {
    const keys = [...object.keys()].slice(0, 5).map(String).join(', ');
    throw new Error(`holds no state dict: its keys are ${keys === '' ? 'none' : keys}`);
  }
  return stateDictOf(object.get(wrapped) ?? null, depth + 1);
}

/** Removes a prefix that all keys have. */
export function stripPrefixes(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const prefix = PREFIXES.find((start) => [...tensors.keys()].every((key) => key.startsWith(start)));
  if (prefix === undefined || tensors.size === 0) return tensors;
  return stripPrefixes(new Map(Array.from(tensors, ([key, tensor]) => [key.slice(prefix.length), tensor])));
}
