import { option } from '../../../graph/common/option.js';
import { badText } from '../arguments/extras.js';
import type { NamedArguments } from '../backbone.js';
import type { Plan } from './plans.js';
import { isOwn } from './trainers.js';

/** What shapes tell without doubt: a list with an element for each stage. */
const PER_STAGE = [
  ...['features_per_stage', 'kernel_sizes', 'strides', 'n_conv_per_stage', 'n_blocks_per_stage'],
  'n_conv_per_stage_decoder',
];

/** An argument of which the weights tell another value than the plan. */
export interface Contradiction {
  readonly name: string;
  readonly says: string;
  readonly has: string;
  /** What the weights tell. */
  readonly value: unknown;
}

/** As shapes have it: of each stage, and sizes of each axis. */
function spread(value: unknown, stages: number, axes: number): string {
  const list: readonly unknown[] = Array.isArray(value) ? value : Array(stages).fill(value);
  const sizes = list.map((one) => (axes > 1 && typeof one === 'number' ? Array(axes).fill(one) : one));
  return sizes
    .map((one) => (Array.isArray(one) ? one.join('x') : String(one)))
    .join(',')
    .slice(0, 200);
}

/**
 * Where plan and weights differ. A trainer that is not one of nnU-Net's own may have changed what the plan says.
 * @param planned the arguments of the plan
 * @param found those that the shapes of all weights tell
 * @throws NmodeError (BAD_CHECKPOINT) where it is none
 */
export function contradictionsOf(
  { place, trainer }: Plan,
  planned: NamedArguments,
  found: NamedArguments,
  axes: number,
): readonly Contradiction[] {
  const all = PER_STAGE.flatMap((name): Contradiction[] => {
    const [plan, value] = [planned[name], found[name]];
    if (plan === undefined || !Array.isArray(value)) return [];
    const sizes = name === 'kernel_sizes' || name === 'strides' ? axes : 1;
    const [says, has] = [spread(plan, value.length, sizes), spread(value, value.length, sizes)];
    return says === has ? [] : [{ name, says, has, value }];
  });
  const [first] = all;
  if (first === undefined || !isOwn(trainer)) return all;
  const { name, says, has } = first;
  throw badText(
    place,
    `${name} is ${says}, the weights have ${has}: they are of another training or not all there; ${option('backboneArguments')} says otherwise`,
  );
}
