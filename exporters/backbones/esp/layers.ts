import type { Value } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import {
  add,
  averagePool2d,
  batchNorm2d,
  type Conv2dOptions,
  channelsOf,
  conv2d,
  prelu,
} from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';

/** What the networks that came of ESPNet (Mehta et al., ECCV 2018) are made of, by their codes' names for layers. */

const EPSILON = 1e-3;

/** A convolution `conv` without bias. */
export const bare = (x: Value, weights: Weights, out: number, kernel: number, options?: Conv2dOptions) =>
  conv2d(x, weights.scope('conv'), out, kernel, { ...options, bias: false });

/** BatchNorm with the epsilon that these networks have. */
export const normed = (x: Value, weights: Weights): Value => batchNorm2d(x, weights, EPSILON);

/** BatchNorm `bn` and a PReLU `act` with a slope a channel. */
export function active(x: Value, weights: Weights): Value {
  return prelu(normed(x, weights.scope('bn')), weights.scope('act'), channelsOf(x));
}

/** Convolution, BatchNorm and PReLU: their `CBR`. */
export const convActive = (
  x: Value,
  weights: Weights,
  out: number,
  kernel: number,
  options?: Conv2dOptions,
) => active(bare(x, weights, out, kernel, options), weights);

/** The image at a half of its size, and at a quarter. */
export function halves(input: Value, weights: Weights, kernel: 2 | 3): readonly [Value, Value] {
  const half = (x: Value, name: string) => averagePool2d(x, weights.scope(name), kernel, 2, kernel - 2);
  const first = half(input, 'sample1.pool.0');
  return [first, half(first, 'sample2.pool.1')];
}

/** Modules of a ModuleList one after another. */
export function chain(
  x: Value,
  weights: Weights,
  count: number,
  layer: (x: Value, weights: Weights, index: number) => Value,
): Value {
  return Array.from({ length: count }).reduce<Value>(
    (y, _, index) => layer(y, weights.scope(String(index)), index),
    x,
  );
}

/** How many modules the ModuleLists `level2` and `level3` have. */
export type Counts = readonly [number, number];

/** Those that a checkpoint has; where it has none of a list, as many as the standard network. */
export function countsIn(shapes: Shapes, standard: Counts): Counts {
  const countIn = (level: string): number => {
    let count = 0;
    while (shapes.has(`encoder.${level}.${count}.c1.conv.weight`)) count++;
    return count;
  };
  return [countIn('level2') || standard[0], countIn('level3') || standard[1]];
}

/** Several branches on one value, concatenated, and with `around` added to it. */
export function merged(branches: readonly Value[], around?: Value): Value {
  const joined = concat(branches, 1);
  return around === undefined ? joined : add(around, joined);
}
