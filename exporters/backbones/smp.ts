import { at } from '../../graph/common/at.js';
import type { Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { conv2d, convNormRelu, module, upsampleNearest } from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import { isSameScale, type OwnDecoder, type Skip, sizeIn } from './backbone.js';

/** The channels of its blocks unless told otherwise, deep to shallow. */
const STANDARD = [256, 128, 64, 32, 16];

/**
 * The decoder of `Unet` in segmentation_models.pytorch, which goes with any encoder that ends at a stride of 32: five
 * `decoder.blocks` and `segmentation_head`. It returns logits.
 */
export function smpUnet(shapes: Shapes): OwnDecoder {
  const channels = STANDARD.map((standard, index) =>
    sizeIn(shapes, `decoder.blocks.${index}.conv1.0.weight`, 0, standard),
  );
  const classes = sizeIn(shapes, 'segmentation_head.0.weight', 0, 1);
  return {
    classes,
    multiple: 2 ** STANDARD.length,
    logits: (skips, weights) =>
      conv2d(decode(skips, weights, channels), weights.scope('segmentation_head.0'), classes, 3),
  };
}

/** Every block doubles, joins the skip of that scale behind it where there is one, and convolves twice. */
function decode(skips: readonly Skip[], weights: Weights, channels: readonly number[]): Value {
  let { value: x, scale } = at(skips, skips.length - 1);
  for (const [index, out] of channels.entries()) {
    const finer = scale.map((factor) => factor / 2);
    const skip = skips.find((candidate) => isSameScale(candidate.scale, finer));
    scale = finer;
    x = module(weights, `decoder.blocks.${index}`, (block) => {
      const doubled = upsampleNearest(x, block, 2);
      const joined = skip === undefined ? doubled : concat([doubled, skip.value], 1);
      const convolve = (value: Value, name: string) =>
        convNormRelu(value, block.scope(name), out, ['0', '1', '2'], { bias: false });
      return convolve(convolve(joined, 'conv1'), 'conv2');
    });
  }
  return x;
}
