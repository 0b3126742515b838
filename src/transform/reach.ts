import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Model } from '../../graph/ir/model.js';
import { type Reached, reachedBy } from '../../graph/precision/reached.js';
import { type UntypedNode, untypedText } from '../../graph/rewriting/untyped.js';
import { defaultSizes } from './default-sizes.js';
import type { Precision } from './precision.js';

/** A precision that reaches less of a network only costs: each of its ends takes a cast or a quantisation. */
const LEAST = 0.1;

/** What share of the work of a lowered model is in its precision; nothing for those that are not computed in a lower one. */
export function reachOf(precision: Precision, model: Model): Reached | undefined {
  if (precision !== 'fp16' && precision !== 'int8') return;
  const input = model.graph.inputs.find(({ name }) => !model.graph.initializers.has(name));
  const sizes = input?.type?.shape && defaultSizes(input.name, input.type.shape);
  return reachedBy(precision, model, sizes?.known);
}

/** '93.1 % of the multiply-adds' */
export const reachText = ({ share, of }: Reached): string => `${(100 * share).toFixed(1)} % of the ${of}`;

/** @throws NmodeError (CHECK_FAILED) where less than a tenth is in the precision that was asked for */
export function refuseLittle(
  name: string,
  precision: Precision,
  reached: Reached | undefined,
  untyped: readonly UntypedNode[],
): void {
  if (reached === undefined || reached.share >= LEAST) return;
  const [first] = untyped;
  const why = first === undefined ? '' : `: ${untypedText(first)}`;
  throw new NmodeError(
    'CHECK_FAILED',
    `${name}: ${precision} reaches ${reachText(reached)} alone${why}; nothing was written (${option('force')} writes it all the same)`,
  );
}
