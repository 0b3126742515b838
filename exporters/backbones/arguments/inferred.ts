import type { Shapes } from '../../nn/weights.js';

/** No network has more levels, blocks or units. */
const MOST = 32;

/** InstanceNorm with weights, as arguments name it. */
export const AFFINE_INSTANCE = ['instance', { affine: true }];

/** How many consecutive numbers from `first` on have a key. */
export function countOf(shapes: Shapes, keyOf: (index: number) => string, first = 0): number {
  let count = 0;
  while (count < MOST && shapes.has(keyOf(first + count))) count++;
  return count;
}

/** A norm by its keys; what has no keys is MONAI's default. */
export function normIn(shapes: Shapes, path: string, standard: unknown = AFFINE_INSTANCE): unknown {
  const isAffine = shapes.has(`${path}.weight`);
  if (shapes.has(`${path}.running_var`)) return ['batch', { affine: isAffine }];
  return isAffine ? standard : 'instance';
}

/** An activation by its keys: PReLU alone has any. */
export function actIn(shapes: Shapes, path: string, standard: unknown): unknown {
  const slopes = shapes.get(`${path}.weight`)?.[0];
  return slopes === undefined ? standard : ['prelu', { num_parameters: slopes }];
}

/** The sizes of space of a convolution's weight. */
export const kernelIn = (shapes: Shapes, key: string): readonly number[] | undefined =>
  shapes.get(key)?.slice(2);
