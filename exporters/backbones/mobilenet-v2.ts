import type { Value } from '../../graph/ir/value.js';
import { channelsOf } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';
import { convNormActivation, invertedResidual } from './inverted-residual.js';
import { type Extent, stepOf, WHOLE } from './smp/encoders/encoder.js';
import { torchvisionEncoder } from './torchvision.js';

/** [expansion, channels, blocks, stride of the first] (Sandler et al., CVPR 2018, table 2). */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;
const LAST = 1280;

/** The last `features[i]` at each of the strides 2 to 32. */
export function mobileNetV2Features(
  input: Value,
  weights: Weights,
  extent: Extent = WHOLE,
): readonly Value[] {
  const at = (index: number) => weights.scope(`features.${index}`);
  const activation = 'relu6';
  let x = convNormActivation(input, at(0), { out: 32, kernel: 3, stride: 2, activation });
  let [index, scale] = [1, 2];
  const features: Value[] = [];
  for (const [expansion, out, blocks, first] of STAGES) {
    if (first === 2) {
      features.push(x);
      if (features.length === extent.depth) return features;
      scale *= 2;
    }
    const { stride: step, dilation } = stepOf(scale, extent, first);
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 ? step : 1;
      const expanded = expansion * channelsOf(x);
      const shape = { expanded, out, kernel: 3, stride, activation, dilation, flatProjection: true } as const;
      x = invertedResidual(x, at(index++).scope('conv'), shape);
    }
  }
  return [...features, convNormActivation(x, at(index), { out: LAST, kernel: 1, activation })];
}

/** torchvision's MobileNetV2. */
export const MobileNetV2 = torchvisionEncoder({
  id: 'mobilenet_v2',
  features: (input, weights) => mobileNetV2Features(input, weights),
});
