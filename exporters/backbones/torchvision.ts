import type { Value } from '../../graph/ir/value.js';
import type { Weights } from '../nn/weights.js';
import { type Backbone, networkOf, sizeIn } from './backbone.js';
import { standardUnet } from './smp/own-decoder.js';

/** One of torchvision's classification networks without its classifier. */
interface TorchvisionEncoder {
  readonly id: string;
  /** The key of its first convolution's weight, by which its keys are found; default `features.0.0.weight`. */
  readonly stem?: string;
  /** The module behind its last feature; default `classifier`. */
  readonly classifier?: string;
  /** The features at each of its strides, shallow to deep. */
  features(input: Value, weights: Weights): readonly Value[];
}

/** Its keys are torchvision's, bare or below `encoder.`; a classifier that was saved with them is left aside. */
export function torchvisionEncoder(encoder: TorchvisionEncoder): Backbone {
  const { id, stem = 'features.0.0.weight', classifier = 'classifier', features } = encoder;
  return {
    id,
    stems: [`encoder.${stem}`, stem],
    network(shapes) {
      const prefix = shapes.has(stem) ? '' : 'encoder.';
      const scoped = (weights: Weights) => (prefix === '' ? weights : weights.scope('encoder'));
      const own = standardUnet(shapes);
      return networkOf({
        backbone: id,
        inputChannels: sizeIn(shapes, `${prefix}${stem}`, 1, 3),
        features: (input, weights) => features(input, scoped(weights)),
        ...(own && {
          own,
          isSpare: (key: string) => own.unused.some((beginning) => key.startsWith(beginning)),
        }),
        ignoredPrefixes: [`${prefix}${classifier}.`],
      });
    },
  };
}
