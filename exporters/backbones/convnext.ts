import type { Value } from '../../graph/ir/value.js';
import { add, channelsOf, conv2d, gelu, layerNorm2d, linear, module, mul } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';
import { descend } from './contracting.js';
import { torchvisionEncoder } from './torchvision.js';

/** [channels, blocks] of each stage (Liu et al., CVPR 2022, section 2). */
const TINY = [
  [96, 3],
  [192, 3],
  [384, 9],
  [768, 3],
] as const;

const EPSILON = 1e-6;

/** x + layer scale (linear (GELU (linear (LayerNorm (depthwise 7x7 (x)))))); stochastic depth keeps every block. */
function block(x: Value, weights: Weights): Value {
  const [channels, at] = [channelsOf(x), (index: number) => weights.scope(`block.${index}`)];
  const convolved = conv2d(x, at(0), channels, 7, { groups: channels });
  const wide = linear(layerNorm2d(convolved, at(2), EPSILON), at(3), 4 * channels);
  const narrow = linear(gelu(wide, at(4)), at(5), channels);
  return add(mul(narrow, weights.take('layer_scale', [channels, 1, 1])), x);
}

/** Patches of 4 x 4, or of 2 x 2 of the stage before. */
function downsampled(x: Value, weights: Weights, stage: number, out: number): Value {
  const options = (stride: number) => ({ stride, padding: 0 });
  if (stage === 0)
    return layerNorm2d(conv2d(x, weights.scope('0'), out, 4, options(4)), weights.scope('1'), EPSILON);
  return conv2d(layerNorm2d(x, weights.scope('0'), EPSILON), weights.scope('1'), out, 2, options(2));
}

/** torchvision's ConvNeXt-Tiny: after each of its four stages; strides 4 to 32. */
export const ConvNeXtTiny = torchvisionEncoder({
  id: 'convnext_tiny',
  features: (input, weights) =>
    descend(input, TINY, (x, [channels, blocks], stage) => {
      let y = downsampled(x, weights.scope(`features.${2 * stage}`), stage, channels);
      for (let index = 0; index < blocks; index++) {
        y = module(weights, `features.${2 * stage + 1}.${index}`, (inner) => block(y, inner));
      }
      return y;
    }),
});
