import type { Encoder } from './encoder.js';

/** An encoder of timm as smp calls it, with timm's keys below `model.`. */
export function tu(encoder: Encoder): Encoder {
  return {
    ...encoder,
    name: `tu-${encoder.name}`,
    stem: `model.${encoder.stem}`,
    unused: (encoder.unused ?? []).map((key) => `model.${key}`),
    features: (input, weights, extent) => encoder.features(input, weights.scope('model'), extent),
  };
}
