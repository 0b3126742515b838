import { float32Values, int64Tensor, type Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { pad } from '../ops/pad.js';
import { computed } from '../passes/computed.js';

/** Kernels for integers read that many channels together, and give that many. */
const [READ, GIVEN] = [4, 16];

/** Whether a convolution reads fewer channels than kernels do, as of an image: for them each window would be copied first. */
export function readsFew({ dims }: Tensor, group: number): boolean {
  const [outputs = 0, channels = 0, ...kernel] = dims;
  return (
    group === 1 && channels > 0 && channels < READ && outputs >= GIVEN && kernel.some((size) => size > 1)
  );
}

/** x [N, channels, ...] with channels of zeros. */
export function withMoreChannels(x: Value, { dims: { 1: channels = 0, length: rank } }: Tensor): Value {
  const pads = Array.from({ length: 2 * rank }, (_, at) => (at === rank + 1 ? READ - channels : 0));
  return pad(x, constant(int64Tensor([2 * rank], pads)));
}

/** [outputs, 4, ...kernel] of [outputs, channels, ...kernel]: what it reads more counts nothing. */
export function withMoreWeights(weight: Tensor): Tensor {
  const [outputs = 0, channels = 0, ...kernel] = weight.dims;
  return computed([outputs, READ, ...kernel], () => {
    const values = float32Values(weight);
    const perOutput = values.length / outputs;
    const padded = new Float32Array((values.length / channels) * READ);
    for (let output = 0; output < outputs; output++) {
      const filter = values.subarray(output * perOutput, (output + 1) * perOutput);
      padded.set(filter, (output * perOutput * READ) / channels);
    }
    return padded;
  });
}
