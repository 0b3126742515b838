import type { Normalization, Recipe, Sizing } from '../../graph/common/recipe.js';
import { symbol } from '../../graph/ir/dim.js';
import { float32Tensor, int64Tensor } from '../../graph/ir/tensor.js';
import { constant, input, scope, type Value } from '../../graph/ir/value.js';
import { cast } from '../../graph/ops/cast.js';
import { concat } from '../../graph/ops/concat.js';
import { add, div, max, mul, sub } from '../../graph/ops/elementwise.js';
import { gather } from '../../graph/ops/gather.js';
import { pad } from '../../graph/ops/pad.js';
import { reduceMax, reduceMin } from '../../graph/ops/reduce.js';
import { resizeLinearTo } from '../../graph/ops/resize.js';
import { shapeOf } from '../../graph/ops/shape.js';
import { sliceTo } from '../../graph/ops/slice.js';
import { transpose } from '../../graph/ops/transpose.js';

const whole = (values: readonly number[]): Value => constant(int64Tensor([values.length], values));

/** A number a channel, or one for all, to be broadcast over [1, C, H, W]. */
const perChannel = (values: readonly number[]): Value =>
  constant(float32Tensor([1, values.length, 1, 1], values));

/** The image: uint8 [1, H, W, C], any H and W. */
export function imageInput(channels: number): Value {
  return input('image', 'uint8', [1, symbol('H'), symbol('W'), channels]);
}

/** The recipe as operators. image uint8 [1, H, W, C] -> float32 [1, C, H', W'], what the network takes. */
export function prepare(image: Value, { normalization, sizing }: Recipe, channels: number): Value {
  return scope('recipe', () => {
    const samples = transpose(cast(image, 'float32'), [0, 3, 1, 2]);
    return normalize(samples, toSize(samples, sizing, channels), normalization);
  });
}

function toSize(samples: Value, sizing: Sizing, channels: number): Value {
  if (sizing.kind === 'resize') {
    return resizeLinearTo(samples, whole([1, channels, sizing.height, sizing.width]));
  }
  const { multiple } = sizing;
  const size = spaceOf(samples);
  const padded = mul(div(add(size, multiple - 1), multiple), multiple);
  return pad(samples, concat([whole([0, 0, 0, 0, 0, 0]), sub(padded, size)], 0), 'edge');
}

/** int64 [2]: H and W of x [N, C, H, W]. */
function spaceOf(x: Value): Value {
  return gather(shapeOf(x), [2, 3]);
}

/** The network's pixels, normalized by what the whole image says. Both linear, resize and normalization commute. */
function normalize(image: Value, pixels: Value, normalization: Normalization): Value {
  switch (normalization.kind) {
    case 'min-max': {
      const [low, high] = [reduceMin(image), reduceMax(image)];
      // Samples are whole numbers: a range below 1 is a constant image, which gives zeros.
      return mul(sub(pixels, low), div(constant(float32Tensor([], [255])), max(sub(high, low), 1)));
    }
    case 'unit':
      return mul(pixels, 1 / 255);
    case 'mean-std': {
      const { mean, std } = normalization;
      const scaled = sub(pixels, perChannel(mean.map((value) => 255 * value)));
      return mul(scaled, perChannel(std.map((value) => 1 / (255 * value))));
    }
  }
}

/** Probabilities back at the image's own size. float32 [1, classes, H', W'] -> [1, classes, H, W]. */
export function restore(probabilities: Value, image: Value, classes: number, sizing: Sizing): Value {
  return scope('restore', () => {
    const size = gather(shapeOf(image), [1, 2]);
    return sizing.kind === 'resize'
      ? resizeLinearTo(probabilities, concat([whole([1, classes]), size], 0))
      : sliceTo(probabilities, size, [2, 3]);
  });
}
