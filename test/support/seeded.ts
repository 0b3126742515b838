import type { TensorSource } from '../../exporters/nn/weights.js';
import { elementCount, float32Tensor, float32Values, type Tensor } from '../../graph/ir/tensor.js';

/** FNV-1a, 32 bit. */
function fnv1a(text: string): number {
  return Buffer.from(text, 'utf8').reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5);
}

/** u of element `index`, in [0, 1): MurmurHash3's finaliser of hash + index * 0x9E3779B9. */
function uniform(hash: number, index: number): number {
  let x = hash + Math.imul(index, 0x9e3779b9);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

function rule(key: string, shape: readonly number[]): (u: number) => number {
  if (key === 'input') return (u) => u;
  if (/\.(running_var|gamma)$/.test(key) || key.includes('.params_')) return (u) => 0.5 + u;
  if (key.endsWith('.bias') || key.endsWith('.running_mean')) return (u) => 0.2 * (2 * u - 1);
  if (key.endsWith('.layer_scale')) return (u) => 0.1 * (2 * u - 1);
  if (shape.length === 1) return (u) => (u < 0.125 ? -1 : 1) * (0.5 + u);
  const bound = Math.sqrt(6 / elementCount(shape.slice(1)));
  return (u) => (2 * u - 1) * bound;
}

/** Weights as a function of key and index; mirrors fixtures/seeded.py, which says how. */
export const seeded = ((key, shape) => {
  const [hash, value] = [fnv1a(key), rule(key, shape)];
  const elements = new Float32Array(elementCount(shape));
  for (let i = 0; i < elements.length; i++) elements[i] = value(uniform(hash, i));
  return float32Tensor(shape, elements);
}) satisfies TensorSource;

/** The same with a factor of the running variances; each tensor is computed once, when it is read. */
export function seededWith(variance: number): (key: string, dims: readonly number[]) => Tensor {
  const known = new Map<string, Uint8Array>();
  const compute = (key: string, dims: readonly number[]): Uint8Array => {
    const plain = seeded(key, dims);
    if (!key.endsWith('.running_var')) return plain.bytes();
    return float32Tensor(
      dims,
      float32Values(plain).map((value) => value * variance),
    ).bytes();
  };
  return (key, dims) => ({
    dtype: 'float32',
    dims,
    bytes() {
      const name = `${key} ${dims}`;
      const bytes = known.get(name) ?? compute(key, dims);
      known.set(name, bytes);
      return bytes;
    },
  });
}
