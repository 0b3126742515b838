import type { Shapes } from '../../nn/weights.js';
import type { NamedArguments } from '../backbone.js';

/** No network has more levels, blocks or units. */
const MOST = 32;

/** How many consecutive numbers from `first` on have a key. */
export function countOf(shapes: Shapes, keyOf: (index: number) => string, first = 0): number {
  let count = 0;
  while (count < MOST && shapes.has(keyOf(first + count))) count++;
  return count;
}

/** `norm` by the keys of one; what has no keys is MONAI's default. */
export function normIn(shapes: Shapes, path: string, standard?: unknown): NamedArguments {
  const isAffine = shapes.has(`${path}.weight`);
  if (shapes.has(`${path}.running_var`)) return { norm: ['batch', { affine: isAffine }] };
  if (isAffine) return { norm: standard ?? ['instance', { affine: true }] };
  return { norm: 'instance' };
}

/** `act` by the keys of one: PReLU alone has any. */
export function actIn(shapes: Shapes, path: string, standard: unknown): NamedArguments {
  const slopes = shapes.get(`${path}.weight`)?.[0];
  return { act: slopes === undefined ? standard : ['prelu', { num_parameters: slopes }] };
}

/** The sizes of space of a convolution's weight. */
export const kernelIn = (shapes: Shapes, key: string): readonly number[] | undefined =>
  shapes.get(key)?.slice(2);

/** An argument that is there where it is known. */
export const known = (name: string, value: unknown): NamedArguments =>
  value === undefined ? {} : { [name]: value };
