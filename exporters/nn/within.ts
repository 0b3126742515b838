import { badUsage, reason } from '../../graph/common/errors.js';
import { checkOptions, type Kinds } from '../../graph/common/option-kinds.js';
import { scope, type Value } from '../../graph/ir/value.js';
import { Weights } from './weights.js';

/** The number of channels of x [N, C, ...space], which is always known. */
export function channelsOf(x: Value): number {
  const channels = x.shape[1];
  if (typeof channels !== 'number') throw new TypeError('the number of channels is open');
  return channels;
}

/** Operations of a layer bear the path of its weights. @throws NmodeError (BAD_USAGE) for what is no weights, from JavaScript */
export function within<T>(weights: Weights, body: () => T): T {
  if (!(weights instanceof Weights)) {
    throw badUsage(`a layer has '${weights}' for its weights, expected weights.scope(...)`);
  }
  return scope(weights.path, body);
}

/** @throws NmodeError (BAD_USAGE) with the path of a layer whose options make no sense */
export function checkLayer<Options extends object>(
  weights: Weights,
  options: Options,
  kinds: Kinds<Options>,
): void {
  try {
    checkOptions(options, kinds);
  } catch (error) {
    throw badUsage(`${weights.path}: ${reason(error)}`);
  }
}
