import { at } from '../common/at.js';
import { elementCount, float32Tensor, float32Values, type Tensor, tensorOf } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { roundFilter } from './round-filter.js';

/** The smallest and the largest value of a tensor on images that are typical. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Those of values by their names. */
export type Ranges = ReadonlyMap<string, Range>;

const LEVELS = 255;

/** How values are quantised. */
export interface Parameters {
  readonly scale: Value;
  readonly zeroPoint: Value;
}

/** Scale and zero point of uint8 for a range: zero, which padding is made of, is met exactly. */
export function activationParameters({ min, max }: Range): Parameters {
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)];
  const scale = Math.fround((high - low) / LEVELS) || 1;
  const zero = Math.min(LEVELS, Math.max(0, Math.round(-low / scale)));
  return {
    scale: constant(float32Tensor([], [scale])),
    zeroPoint: constant(tensorOf('uint8', [], Uint8Array.of(zero))),
  };
}

const LARGEST = 127;

/** What keeps products of scales within float32, and a bias within int32. */
const [LEAST_SCALE, LARGEST_BIAS] = [2 ** -64, 2 ** 30];

/**
 * A weight in symmetric int8 with one scale a channel of the first axis.
 * @param weight [outputs, channels, ...kernel]
 * @param bias [outputs], which is to be stored in units of the scales times that of the input: weights that are nearly nothing beside
 *   it are rounded to nothing
 */
export function quantizedWeight(
  weight: Tensor,
  bias?: { readonly tensor: Tensor; readonly inputScale: number },
) {
  const biases = bias && float32Values(bias.tensor).map((value) => value / bias.inputScale / LARGEST_BIAS);
  const { dims } = weight;
  const outputs = at(dims, 0);
  const values = float32Values(weight);
  const scales = new Float32Array(outputs);
  const quantized = new Int8Array(values.length);
  const perOutput = values.length / outputs;
  for (let output = 0; output < outputs; output++) {
    const filter = values.subarray(output * perOutput, (output + 1) * perOutput);
    const largest = filter.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const least = biases ? Math.abs(at(biases, output)) : 0;
    const scale = Math.fround(Math.max(largest / LARGEST, least, LEAST_SCALE));
    scales[output] = scale;
    const units = filter.map((value) => value / scale);
    quantized.set(roundFilter(units, elementCount(dims.slice(2))), output * perOutput);
  }
  return { values: tensorOf('int8', dims, quantized), scales };
}

/** A bias in the unit of its convolution's sums, scale of the input times that of the weights. */
export function quantizedBias(bias: Tensor, scales: Float32Array): Tensor {
  const units = Int32Array.from(float32Values(bias), (value, output) => {
    const unit = Math.round(value / at(scales, output));
    return Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), unit));
  });
  return tensorOf('int32', bias.dims, units);
}
