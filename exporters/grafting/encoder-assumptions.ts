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
  const isNormalized = images.recipe?.normalization !== undefined || images.window !== undefined;
  const said = [...(isNormalized ? ['recipe'] : []), ...(images.recipe?.sizing ? ['size'] : [])];
  return assumptionsIn(metadata)
    .filter(
      ({ what, option, verified }) => !verified && !OF_DECODERS.includes(option) && !said.includes(what),
    )
    .map(({ verified: _, ...assumption }) => assumption)
    .filter(({ what, value }) => !ofDecoder.some((other) => other.what === what && other.value === value));
}
