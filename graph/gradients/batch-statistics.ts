import type { OpDefinition } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { Mul, mul, Sub, sub } from '../ops/elementwise.js';
import { BatchNormalization } from '../ops/normalization.js';
import { ReduceSum, reduceSum } from '../ops/reduce.js';
import { Reshape, reshape } from '../ops/reshape.js';
import { type Applied, axesButChannels, countAlong, isSame, operationOf } from './rule.js';

/** x over the images of a batch and their places, channel by channel. */
export interface BatchStatistics {
  /** x - mean, of x's shape. */
  readonly centred: Value;
  /** [C]. */
  readonly mean: Value;
  /** [C]: the mean square of `centred`. */
  readonly variance: Value;
}

/** A value [C] beside x [N, C, ...space]: [C, 1, ...]. */
export const perChannel = (value: Value, x: Value): Value =>
  reshape(value, [-1, ...x.shape.slice(2).map(() => 1)]);

/** The statistics of x [N, C, ...space] in the form in which the gradient of a BatchNormalization with them recognises them. */
export function batchStatistics(x: Value): BatchStatistics {
  const axes = axesButChannels(x);
  const share = 1 / countAlong(x, axes, BatchNormalization.opType);
  const mean = mul(reduceSum(x, axes, false), share);
  const centred = sub(x, perChannel(mean, x));
  const variance = mul(reduceSum(mul(centred, centred), axes, false), share);
  return { centred, mean, variance };
}

const firstOf = (value: Value | undefined, definition: OpDefinition): Value | undefined =>
  value && operationOf(value, definition)?.inputs[0];

/** The statistics that a BatchNormalization is given; undefined where they are not those of what it normalises. */
export function batchStatisticsOf({ inputs: [x, , , mean, variance] }: Applied): BatchStatistics | undefined {
  if (x === undefined || mean === undefined || variance === undefined) return undefined;
  const centred = firstOf(firstOf(firstOf(variance, Mul), ReduceSum), Mul);
  const [whole, subtracted] = (centred && operationOf(centred, Sub)?.inputs) ?? [];
  const from = firstOf(subtracted, Reshape);
  const isOwn = whole && from && isSame(whole, x) && isSame(from, mean);
  return centred && isOwn ? { centred, mean, variance } : undefined;
}
