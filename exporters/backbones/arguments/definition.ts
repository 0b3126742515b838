import type { Value } from '../../../graph/ir/value.js';
import type { Weights } from '../../nn/weights.js';
import { type NetworkDefinition, type OwnDecoder, valuesOf } from '../backbone.js';

/** What every network that arguments define is told. */
export interface Common {
  readonly axes: 2 | 3;
  readonly classes: number;
}

/** A network with nothing left open. */
export interface Definition {
  /** What each axis of space must be a multiple of; 1 where it takes any size. */
  readonly multiple: readonly number[];
  /** The tensors for the solver steps, shallow to deep. x [N, C, ...space]. */
  features(x: Value, weights: Weights): readonly Value[];
  /** [N, classes, ...space], before sigmoid or softmax. */
  logits(features: readonly Value[], weights: Weights): Value;
  /** Whether a key is one that its checkpoints hold and that nothing depends on at inference. */
  isSpare?(key: string): boolean;
  /** What tells it from others of its class, for the metadata. */
  readonly variant: Readonly<Record<string, string>>;
}

/** What a definition says of its network. */
export function definedBy(
  { multiple, features, logits, isSpare, variant }: Definition,
  { axes, classes }: Common,
  activation: OwnDecoder['activation'],
) {
  return {
    axes,
    features,
    own: {
      ...{ classes, multiple, ...(activation && { activation }) },
      logits: (skips, weights) => logits(valuesOf(skips), weights),
    },
    variant: { ...(axes === 3 && { spatial_dims: '3' }), ...variant },
    ...(isSpare && { isSpare }),
  } satisfies Partial<NetworkDefinition>;
}
