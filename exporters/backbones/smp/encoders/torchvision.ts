import { mobileNetV2Features } from '../../mobilenet-v2.js';
import { RESNETS_BY_NAME, resNetFeatures } from '../../resnet.js';
import { type Encoder, encodersOf, tu } from './encoder.js';

/** torchvision's ResNet and ResNeXt: after the first ReLU, then after each layer. */
export const RESNETS = encodersOf(RESNETS_BY_NAME, { stem: 'conv1.weight', first: 1 }, resNetFeatures);

/** The widest is smp's alone. */
const { resnext101_32x48d: _, ...TIMM } = RESNETS_BY_NAME;

/** timm's ResNet, whose keys are torchvision's. Where it dilates, the first convolution of a stage keeps the dilation before it. */
export const TU_RESNETS = encodersOf(TIMM, { stem: 'conv1.weight', first: 1 }, (shape, ...given) =>
  resNetFeatures({ ...shape, dilatesLate: true }, ...given),
).map(tu);

/** torchvision's MobileNetV2. */
export const MOBILENET_V2: Encoder = {
  name: 'mobilenet_v2',
  stem: 'features.0.0.weight',
  first: 1,
  features: mobileNetV2Features,
};
