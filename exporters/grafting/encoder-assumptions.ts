import { type Assumption, assumptionsIn } from '../../graph/common/assumption.js';
import type { Model } from '../../graph/ir/model.js';
import { SOLVER_OPTIONS } from '../decoders/solvers.js';
import type { GraftImages } from './metadata.js';

/** What a decoder brings with it. */
const OF_DECODERS = [
  ...['head', 'activation', 'blockActivation', 'upsample', 'alignCorners'],
  ...SOLVER_OPTIONS.map(({ key }) => key),
];

/** What a model of this package says of itself that is still true with another decoder. */
export function encoderAssumptions(
  { metadata }: Model,
  images: GraftImages,
  ofDecoder: readonly Assumption[],
): readonly Assumption[] {
  const known =
    images.recipe?.normalization === undefined && images.window === undefined
      ? OF_DECODERS
      : [...OF_DECODERS, 'recipe'];
  return assumptionsIn(metadata)
    .filter(({ option, verified }) => !verified && !known.includes(option))
    .map(({ verified: _, ...assumption }) => assumption)
    .filter(({ what, value }) => !ofDecoder.some((other) => other.what === what && other.value === value));
}
