import type { Value } from '../../graph/ir/value.js';
import { channelsOf } from '../nn/layers.js';
import { convNormActivation, invertedResidual } from './inverted-residual.js';
import { torchvisionEncoder } from './torchvision.js';

/** [kernel, expanded, out, squeeze and excitation, hard-swish, stride] (Howard et al., ICCV 2019, tables 1 and 2). */
type Block = readonly [number, number, number, boolean, boolean, number];

const LARGE: readonly Block[] = [
  [3, 16, 16, false, false, 1],
  [3, 64, 24, false, false, 2],
  [3, 72, 24, false, false, 1],
  [5, 72, 40, true, false, 2],
  [5, 120, 40, true, false, 1],
  [5, 120, 40, true, false, 1],
  [3, 240, 80, false, true, 2],
  [3, 200, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 480, 112, true, true, 1],
  [3, 672, 112, true, true, 1],
  [5, 672, 160, true, true, 2],
  [5, 960, 160, true, true, 1],
  [5, 960, 160, true, true, 1],
];

const SMALL: readonly Block[] = [
  [3, 16, 16, true, false, 2],
  [3, 72, 24, false, false, 2],
  [3, 88, 24, false, false, 1],
  [5, 96, 40, true, true, 2],
  [5, 240, 40, true, true, 1],
  [5, 240, 40, true, true, 1],
  [5, 120, 48, true, true, 1],
  [5, 144, 48, true, true, 1],
  [5, 288, 96, true, true, 2],
  [5, 576, 96, true, true, 1],
  [5, 576, 96, true, true, 1],
];

const STEM = 16;
const EPSILON = 1e-3;

/** A quarter, rounded to a multiple of 8; a tenth less is allowed. */
function squeezed(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels / 4 + 4) / 8) * 8);
  return rounded < 0.9 * (channels / 4) ? rounded + 8 : rounded;
}

/** torchvision's MobileNetV3: the last `features[i]` at each of the strides 2 to 32. */
const mobileNetV3 = (id: string, blocks: readonly Block[]) =>
  torchvisionEncoder({
    id,
    stem: 'features.0.0.weight',
    classifier: 'classifier',
    features(input, weights) {
      const at = (index: number) => weights.scope(`features.${index}`);
      const shared = { activation: 'hardSwish', epsilon: EPSILON } as const;
      let x = convNormActivation(input, at(0), { out: STEM, kernel: 3, stride: 2, ...shared });
      const features: Value[] = [];
      for (const [index, [kernel, expanded, out, squeezes, swishes, stride]] of blocks.entries()) {
        if (stride === 2) features.push(x);
        x = invertedResidual(x, at(index + 1).scope('block'), {
          ...{ kernel, expanded, out, stride, epsilon: EPSILON },
          activation: swishes ? 'hardSwish' : 'relu',
          ...(squeezes && {
            squeeze: { channels: squeezed(expanded), activation: 'relu', gate: 'hardSigmoid' },
          }),
        });
      }
      const last = { out: 6 * channelsOf(x), kernel: 1, ...shared };
      return [...features, convNormActivation(x, at(blocks.length + 1), last)];
    },
  });

export const MOBILENETS_V3 = [
  mobileNetV3('mobilenet_v3_large', LARGE),
  mobileNetV3('mobilenet_v3_small', SMALL),
];
