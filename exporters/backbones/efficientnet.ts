import type { Value } from '../../graph/ir/value.js';
import { channelsOf } from '../nn/layers.js';
import { convNormActivation, invertedResidual } from './inverted-residual.js';
import { STAGES, STEM } from './smp/encoders/compound-scaling.js';
import { torchvisionEncoder } from './torchvision.js';

/** Channels of its last convolution. */
const LAST = 1280;

/** torchvision's EfficientNet-B0: the last `features[i]` at each of the strides 2 to 32. */
export const EfficientNetB0 = torchvisionEncoder({
  id: 'efficientnet_b0',
  features(input, weights) {
    const at = (index: number) => weights.scope(`features.${index}`);
    const activation = 'silu';
    let x = convNormActivation(input, at(0), { out: STEM, kernel: 3, stride: 2, activation });
    const features: Value[] = [];
    for (const [stage, [expansion, kernel, first, out, blocks]] of STAGES.entries()) {
      if (first === 2) features.push(x);
      for (let block = 0; block < blocks; block++) {
        const from = channelsOf(x);
        x = invertedResidual(x, at(stage + 1).scope(`${block}.block`), {
          ...{ expanded: expansion * from, kernel, out, stride: block === 0 ? first : 1, activation },
          squeeze: { channels: Math.floor(from / 4), activation: 'silu', gate: 'sigmoid' },
        });
      }
    }
    return [...features, convNormActivation(x, at(STAGES.length + 1), { out: LAST, kernel: 1, activation })];
  },
});
