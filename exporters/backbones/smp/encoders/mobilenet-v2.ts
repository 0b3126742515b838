import { mobileNetV2Features } from '../../mobilenet-v2.js';
import type { Encoder } from './encoder.js';

/** torchvision's MobileNetV2. */
export const MOBILENET_V2: Encoder = {
  name: 'mobilenet_v2',
  stem: 'features.0.0.weight',
  first: 1,
  features: mobileNetV2Features,
};
