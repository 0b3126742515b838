import { hashOf, uniform } from '../../graph/common/random.js';
import { elementCount, float32Tensor } from '../../graph/ir/tensor.js';
import type { TensorSource } from '../nn/weights.js';

/**
 * Weights before any training, as PyTorch initialises them: of convolutions uniform within 1 / sqrt(fan in), of BatchNorm the
 * identity. They are the same for the same seed, and others for each key.
 * @param seed a whole number
 */
export function initialWeights(seed = 0): TensorSource {
  /** By module; it is also the bound of the bias, which is asked for after the weight. */
  const bounds = new Map<string, number>();
  return (key, shape) => {
    const [module, name] = [key.slice(0, key.lastIndexOf('.')), key.slice(key.lastIndexOf('.') + 1)];
    const elements = new Float32Array(elementCount(shape));
    if (shape.length > 1) bounds.set(module, 1 / Math.sqrt(elementCount(shape.slice(1))));
    const bound = bounds.get(module);
    if (bound !== undefined) {
      const next = uniform(hashOf(seed === 0 ? key : `${seed} ${key}`));
      for (let i = 0; i < elements.length; i++) elements[i] = (2 * next() - 1) * bound;
    } else if (name === 'weight' || name === 'running_var') {
      elements.fill(1);
    }
    return float32Tensor(shape, elements);
  };
}
