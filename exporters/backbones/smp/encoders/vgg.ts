import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import { batchNorm2d, conv2d, maxPool2d, relu } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import type { Encoder, Extent } from './encoder.js';

/** Convolutions before each pooling (Simonyan and Zisserman, ICLR 2015, table 1: A, B, D, E). */
const BLOCKS = {
  vgg11: [1, 1, 2, 2, 2],
  vgg13: [2, 2, 2, 2, 2],
  vgg16: [2, 2, 3, 3, 3],
  vgg19: [2, 2, 4, 4, 4],
} as const;
const WIDTHS = [64, 128, 256, 512, 512];

/** Before each pooling, and behind the last: the first feature is as large as the image. */
function features(
  input: Value,
  weights: Weights,
  blocks: readonly number[],
  isNormalized: boolean,
  { depth }: Extent,
): readonly Value[] {
  let [x, index] = [input, 0];
  const next = () => weights.scope(`features.${index++}`);
  const found: Value[] = [];
  for (const [level, count] of blocks.entries()) {
    for (let block = 0; block < count; block++) {
      x = conv2d(x, next(), at(WIDTHS, level), 3);
      if (isNormalized) x = batchNorm2d(x, next());
      x = relu(x, next());
    }
    found.push(x);
    if (found.length > depth) return found;
    x = maxPool2d(x, next(), 2);
  }
  return [...found, x];
}

/** torchvision's VGG, with BatchNorm (`_bn`) and without. */
export const VGGS = Object.entries(BLOCKS).flatMap(([name, blocks]) =>
  [false, true].map(
    (isNormalized): Encoder => ({
      name: isNormalized ? `${name}_bn` : name,
      stem: 'features.0.weight',
      first: 0,
      undilated: 'it halves by pooling',
      features: (input, weights, extent) => features(input, weights, blocks, isNormalized, extent),
    }),
  ),
);
