import { float32Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { batchNormalization } from '../ops/batch-normalization.js';
import { add, mul } from '../ops/elementwise.js';
import type { PerChannel } from './scale-convolution.js';

const all = (values: PerChannel, wanted: number) => values.every((value) => value === wanted);

/** Nodes that `channelAffine` takes. */
export function affineNodes(scale: PerChannel, shift: PerChannel): number {
  return all(scale, 1) && all(shift, 0) ? 0 : 1;
}

/** a x + c, channel by channel, in at most one node. x [N, C, ...space]. */
export function channelAffine(x: Value, scale: PerChannel, shift: PerChannel): Value {
  if (all(shift, 0)) return all(scale, 1) ? x : mul(x, perChannel(scale, x));
  if (all(scale, 1)) return add(x, perChannel(shift, x));
  const vector = (values: PerChannel) => constant(float32Tensor([values.length], Float32Array.from(values)));
  const [zeros, ones] = [scale.map(() => 0), scale.map(() => 1)];
  return batchNormalization(x, vector(scale), vector(shift), vector(zeros), vector(ones), 0);
}

/** Numbers that broadcast along the channels of x; one alone where all are the same. */
function perChannel(values: PerChannel, x: Value): Value {
  const [first = 0] = values;
  const dims = all(values, first) ? [] : [values.length, ...x.shape.slice(2).map(() => 1)];
  return constant(float32Tensor(dims, dims.length === 0 ? [first] : Float32Array.from(values)));
}
