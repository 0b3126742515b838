import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { type Model, outlineOf } from '../../graph/ir/model.js';
import type { Target } from '../../graph/passes/winograd/cost.js';
import { type Reached, reachedBy } from '../../graph/precision/reached.js';
import { expectedTime } from '../../graph/quantization/expected-time.js';
import { type UntypedNode, untypedText } from '../../graph/rewriting/untyped.js';
import { defaultSizes } from './default-sizes.js';
import type { Precision } from './precision.js';

/** A precision that reaches less of a network only costs: each of its ends takes a cast or a quantisation. */
const LEAST = 0.1;

/** What is not expected to be slower by this much may be faster: whole networks took half to nine tenths of the time expected. */
const CLEARLY = 1.5;

/** What share of the work of a lowered model is in its precision; nothing for those that are not computed in a lower one. */
export function reachOf(precision: Precision, model: Model): Reached | undefined {
  return precision === 'fp16' || precision === 'int8'
    ? reachedBy(precision, model, sizesOf(model))
    : undefined;
}

/** Sizes to count with, for what the input leaves open. */
function sizesOf(model: Model): Readonly<Record<string, number>> {
  const [input] = outlineOf(model).inputs;
  return input?.type?.shape ? defaultSizes(input.name, input.type.shape).known : {};
}

/** Why the integers of a model are expected to be slower than float where it is to run; undefined where they are not. */
export function slownessOf(model: Model, target: Target): string | undefined {
  if (target === 'webgpu')
    return 'graphics cards have no kernels for integers: onnxruntime takes each to the CPU and back';
  const times = expectedTime(model, sizesOf(model));
  if (times === undefined || times < CLEARLY) return;
  return `what is on integers is expected to take ${times.toFixed(1)} times as long as in float: its convolutions have few multiply-adds for each value that is quantised (depthwise ones, or few channels)`;
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
    `${name}: only ${reachText(reached)} would be in ${precision}${why}; nothing was written (${option('force')} writes it anyway)`,
  );
}
