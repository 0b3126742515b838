import { RESNETS_BY_NAME, resNetFeatures } from '../../resnet.js';
import type { Encoder } from './encoder.js';
import { tu } from './tu.js';

/** The widest is smp's alone. */
const { resnext101_32x48d: _, ...TIMM } = RESNETS_BY_NAME;

/** timm's ResNet, whose keys are torchvision's. Where it dilates, the first convolution of a stage keeps the dilation before it. */
export const TU_RESNETS = Object.entries(TIMM).map(
  ([name, shape]): Encoder =>
    tu({
      name,
      stem: 'conv1.weight',
      first: 1,
      features: (input, weights, extent) =>
        resNetFeatures({ ...shape, dilatesLate: true }, input, weights, extent),
    }),
);
