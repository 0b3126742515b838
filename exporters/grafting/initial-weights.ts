import { elementCount, float32Tensor } from '../../graph/ir/tensor.js';
import type { TensorSource } from '../nn/weights.js';

/** FNV-1a, 32 bit. */
function hashOf(text: string): number {
  return Buffer.from(text, 'utf8').reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5);
}

/** Numbers in [0, 1) that look random and are the same for the same seed (a Weyl sequence through MurmurHash3's finaliser). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let x = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  };
}

/**
 * Weights before any training, as PyTorch initialises them: of convolutions uniform within 1 / sqrt(fan in), of BatchNorm the
 * identity. Their seeds are their keys, so that they are always the same.
 */
export function initialWeights(): TensorSource {
  /** By module; it is also the bound of the bias, which is asked for after the weight. */
  const bounds = new Map<string, number>();
  return (key, shape) => {
    const [module, name] = [key.slice(0, key.lastIndexOf('.')), key.slice(key.lastIndexOf('.') + 1)];
    const elements = new Float32Array(elementCount(shape));
    if (shape.length > 1) bounds.set(module, 1 / Math.sqrt(elementCount(shape.slice(1))));
    const bound = bounds.get(module);
    if (bound !== undefined) {
      const next = uniform(hashOf(key));
      for (let i = 0; i < elements.length; i++) elements[i] = (2 * next() - 1) * bound;
    } else if (name === 'weight' || name === 'running_var') {
      elements.fill(1);
    }
    return float32Tensor(shape, elements);
  };
}
