import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { symbol } from '../../graph/ir/dim.js';
import { input, int64List, scope, type Value } from '../../graph/ir/value.js';
import { cast } from '../../graph/ops/cast.js';
import { concat } from '../../graph/ops/concat.js';
import { add, div, mul, sub } from '../../graph/ops/elementwise.js';
import { gather } from '../../graph/ops/gather.js';
import { pad } from '../../graph/ops/pad.js';
import { resizeLinearTo } from '../../graph/ops/resize.js';
import { shapeOf } from '../../graph/ops/shape.js';
import { sliceTo } from '../../graph/ops/slice.js';
import { transpose } from '../../graph/ops/transpose.js';
import { isLinear, normalize } from '../../graph/recipe/normalize.js';
import { BEYOND_GRAPHS, type Recipe, type Sizing } from '../../graph/recipe/recipe.js';
import { graphArithmetic } from './normalization.js';

type SizingInGraphs = Exclude<Sizing, { readonly kind: 'slide' }>;

/** The image: uint8 or uint16 [1, H, W, C], any H and W. */
export function imageInput(channels: number, bits: 8 | 16): Value {
  return input('image', bits === 8 ? 'uint8' : 'uint16', [1, symbol('H'), symbol('W'), channels]);
}

/** The recipe as operators. image uint8 or uint16 [1, H, W, C] -> float32 [1, C, H', W'], what the network takes. */
export function prepare(image: Value, recipe: Recipe, channels: number): Value {
  const { normalization, sizing, ...others } = recipe;
  const beyond = BEYOND_GRAPHS.find((part) => others[part] !== undefined);
  if (beyond !== undefined || sizing.kind === 'slide') {
    throw badUsage(
      `${option('io', 'image')}: the recipe has ${beyond ?? 'sizing slide'}, which a graph cannot do: leave ${option('io')} out, and images are prepared outside the model`,
    );
  }
  return scope('recipe', () => {
    const samples = transpose(cast(image, 'float32'), [0, 3, 1, 2]);
    const sized = (x: Value) => toSize(x, sizing, channels);
    // A line commutes with a resize, and the smaller image is normalized sooner.
    const commutes = isLinear(normalization);
    const pixels = { whole: samples, sized: commutes ? sized(samples) : samples };
    const full = image.dtype === 'uint8' ? 255 : 65535;
    const done = normalize(graphArithmetic(samples, channels), pixels, normalization, full).sized;
    return commutes ? done : sized(done);
  });
}

function toSize(samples: Value, sizing: SizingInGraphs, channels: number): Value {
  if (sizing.kind === 'resize') {
    return resizeLinearTo(samples, int64List([1, channels, sizing.height, sizing.width]));
  }
  const { multiple } = sizing;
  const size = gather(shapeOf(samples), [2, 3]);
  const padded = mul(div(add(size, multiple - 1), multiple), multiple);
  return pad(samples, concat([int64List([0, 0, 0, 0, 0, 0]), sub(padded, size)], 0), 'edge');
}

/** Probabilities back at the image's own size. float32 [1, classes, H', W'] -> [1, classes, H, W]. */
export function restore(probabilities: Value, image: Value, classes: number, sizing: Sizing): Value {
  return scope('restore', () => {
    const size = gather(shapeOf(image), [1, 2]);
    return sizing.kind === 'resize'
      ? resizeLinearTo(probabilities, concat([int64List([1, classes]), size], 0))
      : sliceTo(probabilities, size, [2, 3]);
  });
}
