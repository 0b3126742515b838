import { at } from '../common/at.js';
import { computed } from '../ir/computed.js';
import { float32Values, int64Tensor, type Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { pad } from '../ops/pad.js';

/** Kernels for integers read that many channels together, and give that many. */
const [READ, GIVEN] = [4, 16];

/** Whether a convolution reads fewer channels than kernels do, as of an image: for them each window would be copied first. */
export function readsFew({ dims }: Tensor, group: number): boolean {
  const [outputs, channels, kernel] = [at(dims, 0), at(dims, 1), dims.slice(2)];
  return (
    group === 1 && channels > 0 && channels < READ && outputs >= GIVEN && kernel.some((size) => size > 1)
  );
}

/** x [N, channels, ...] with channels of zeros. */
export function withMoreChannels(x: Value, { dims }: Tensor): Value {
  const rank = dims.length;
  const pads = Array(2 * rank)
    .fill(0)
    .with(rank + 1, READ - at(dims, 1));
  return pad(x, constant(int64Tensor([2 * rank], pads)));
}

/** [outputs, 4, ...kernel] of [outputs, channels, ...kernel]: what it reads more counts nothing. */
export function withMoreWeights(weight: Tensor): Tensor {
  const { dims } = weight;
  const [outputs, channels] = [at(dims, 0), at(dims, 1)];
  return computed(dims.with(1, READ), (padded) => {
    const values = float32Values(weight);
    const perOutput = values.length / outputs;
    padded.fill(0);
    for (let output = 0; output < outputs; output++) {
      const filter = values.subarray(output * perOutput, (output + 1) * perOutput);
      padded.set(filter, (output * perOutput * READ) / channels);
    }
  });
}
