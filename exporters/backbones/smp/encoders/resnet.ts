import { RESNETS_BY_NAME, resNetFeatures } from '../../resnet.js';
import type { Encoder } from './encoder.js';

/** torchvision's ResNet and ResNeXt: after the first ReLU, then after each layer. */
export const RESNETS = Object.entries(RESNETS_BY_NAME).map(
  ([name, shape]): Encoder => ({
    name,
    stem: 'conv1.weight',
    first: 1,
    features: (input, weights, extent) => resNetFeatures(shape, input, weights, extent),
  }),
);
