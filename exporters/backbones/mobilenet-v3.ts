import type { Value } from '../../graph/ir/value.js';
import { channelsOf } from '../nn/layers.js';
import { convNormActivation, invertedResidual } from './inverted-residual.js';
import { roundedChannels } from './smp/encoders/compound-scaling.js';
import { torchvisionEncoder } from './torchvision.js';

/** [blocks, kernel, stride of the first, expansion, channels, squeeze and excitation, hard-swish]. */
export type Row = readonly [number, number, 1 | 2, number, number, boolean, boolean];

/** Howard et al., ICCV 2019, table 1. */
export const LARGE: readonly (readonly Row[])[] = [
  [[1, 3, 1, 1, 16, false, false]],
  [
    [1, 3, 2, 4, 24, false, false],
    [1, 3, 1, 3, 24, false, false],
  ],
  [[3, 5, 2, 3, 40, true, false]],
  [
    [1, 3, 2, 6, 80, false, true],
    [1, 3, 1, 2.5, 80, false, true],
    [2, 3, 1, 2.3, 80, false, true],
  ],
  [[2, 3, 1, 6, 112, true, true]],
  [[3, 5, 2, 6, 160, true, true]],
];

/** Table 2. */
export const SMALL: readonly (readonly Row[])[] = [
  [[1, 3, 2, 1, 16, true, false]],
  [
    [1, 3, 2, 4.5, 24, false, false],
    [1, 3, 1, 3.67, 24, false, false],
  ],
  [
    [1, 5, 2, 4, 40, true, true],
    [2, 5, 1, 6, 40, true, true],
  ],
  [[2, 5, 1, 3, 48, true, true]],
  [[3, 5, 2, 6, 96, true, true]],
];

export const STEM = 16;
const EPSILON = 1e-3;

/** torchvision's MobileNetV3: the last `features[i]` at each of the strides 2 to 32. */
const mobileNetV3 = (id: string, stages: readonly (readonly Row[])[]) =>
  torchvisionEncoder({
    id,
    features(input, weights) {
      const at = (index: number) => weights.scope(`features.${index}`);
      const shared = { activation: 'hardSwish', epsilon: EPSILON } as const;
      let x = convNormActivation(input, at(0), { out: STEM, kernel: 3, stride: 2, ...shared });
      let index = 1;
      const features: Value[] = [];
      for (const [count, kernel, first, expansion, out, squeezes, swishes] of stages.flat()) {
        if (first === 2) features.push(x);
        for (let block = 0; block < count; block++) {
          const expanded = roundedChannels(channelsOf(x), expansion);
          const channels = roundedChannels(expanded, 1 / 4);
          x = invertedResidual(x, at(index++).scope('block'), {
            ...{ kernel, expanded, out, stride: block === 0 ? first : 1, epsilon: EPSILON },
            activation: swishes ? 'hardSwish' : 'relu',
            ...(squeezes && { squeeze: { channels, activation: 'relu', gate: 'hardSigmoid' } }),
          });
        }
      }
      const last = { out: 6 * channelsOf(x), kernel: 1, ...shared };
      return [...features, convNormActivation(x, at(index), last)];
    },
  });

export const MOBILENETS_V3 = [
  mobileNetV3('mobilenet_v3_large', LARGE),
  mobileNetV3('mobilenet_v3_small', SMALL),
];
