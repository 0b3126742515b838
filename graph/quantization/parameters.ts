import { float32Tensor, float32Values, type Tensor } from '../tensor.js';
import { constant, type Value } from '../value.js';

/** The smallest and the largest value of a tensor on images that are typical. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

const LEVELS = 255;

/** Scale and zero point of uint8 for a range: zero, which padding is made of, is met exactly. */
export function activationParameters({ min, max }: Range): {
  readonly scale: Value;
  readonly zeroPoint: Value;
} {
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)];
  const scale = Math.fround((high - low) / LEVELS) || 1;
  const zero = Math.min(LEVELS, Math.max(0, Math.round(-low / scale)));
  return {
    scale: constant(float32Tensor([], [scale])),
    zeroPoint: constant(byteTensor('uint8', [], Uint8Array.of(zero))),
  };
}

/** Symmetric int8 with one scale a channel of the first axis. */
export interface QuantizedWeight {
  readonly values: Tensor;
  /** [channels] */
  readonly scales: Float32Array;
}

const LARGEST = 127;

export function quantizedWeight(weight: Tensor): QuantizedWeight {
  const [channels = 1] = weight.dims;
  const values = float32Values(weight);
  const perChannel = values.length / channels;
  const scales = Float32Array.from({ length: channels }, (_, channel) => {
    let largest = 0;
    for (let at = channel * perChannel; at < (channel + 1) * perChannel; at++) {
      largest = Math.max(largest, Math.abs(values[at] ?? 0));
    }
    return largest / LARGEST || 1;
  });
  const quantized = Int8Array.from(values, (value, at) =>
    Math.round(value / (scales[Math.floor(at / perChannel)] ?? 1)),
  );
  return { values: byteTensor('int8', weight.dims, quantized), scales };
}

/** A bias in the unit of its convolution's sums, scale of the input times that of the weights. */
export function quantizedBias(bias: Tensor, scales: Float32Array): Tensor {
  const units = Int32Array.from(float32Values(bias), (value, at) => {
    const unit = Math.round(value / (scales[at] ?? 1));
    return Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), unit));
  });
  const bytes = new Uint8Array(units.buffer);
  return { dtype: 'int32', dims: bias.dims, bytes: () => bytes };
}

function byteTensor(
  dtype: 'uint8' | 'int8',
  dims: readonly number[],
  values: Uint8Array | Int8Array,
): Tensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.length);
  return { dtype, dims, bytes: () => bytes };
}
