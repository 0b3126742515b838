import { at } from '../../../graph/common/at.js';
import type { Unit } from './modules.js';

/** As a skip, the image itself. */
export const IMAGE = -1;

/** One convolution's place in the network. */
export interface Stage {
  readonly unit: Unit;
  readonly transposed: boolean;
  readonly input: number;
  readonly output: number;
  /** The stage whose output is concatenated before this one, or `IMAGE`. */
  readonly skip?: number;
  /** The stage whose output is added to this one's, in place of a concatenation. */
  readonly plus?: number;
  /** Resolutions are halved behind this stage: its output, or what is made of it by that, is the skip. */
  readonly pooled?: 'behind' | 'into-skip';
  /** Interpolation to twice the resolution before this stage. */
  readonly doubled?: true;
  /** A 1x1 convolution of the input of stage `from`, added to this one's output. */
  readonly shortcut?: { readonly unit: Unit; readonly from: number };
}

/**
 * Where a block begins that has as many channels before it as behind it, and ends with this stage: of such blocks people leave the
 * convolution out that they have around others.
 */
export function identityFrom(stages: readonly Stage[], index: number): number | undefined {
  const [last, group] = [at(stages, index), groupOf(at(stages, index).unit)];
  if (group === '' || !endsModule(stages, index)) return undefined;
  let from = index;
  while (from > 0 && groupOf(at(stages, from - 1).unit) === group) from--;
  const isPlain = stages
    .slice(from, index + 1)
    .every(
      ({ transposed, shortcut, skip, doubled }) => !transposed && !shortcut && skip === undefined && !doubled,
    );
  const isInner = stages.slice(from, index).every(({ pooled }) => pooled === undefined);
  return isPlain && isInner && from < index && at(stages, from).input === last.output ? from : undefined;
}

/** Whether a convolution stands alone behind a module of several whose channels it keeps, as one with a stride does in a pooling's place. */
export function standsForPooling(stages: readonly Stage[], index: number): boolean {
  const [before, own] = [stages[index - 1], at(stages, index)];
  if (before === undefined || own.transposed || own.input !== own.output) return false;
  if (at(own.unit.shape, 2) === 1 || groupOf(before.unit) === '') return false;
  const [group, place] = [groupOf(before.unit), groupOf(own.unit)];
  const countIn = (path: string) => stages.filter(({ unit }) => groupOf(unit) === path).length;
  return group !== place && countIn(group) > 1 && (place === '' || countIn(place) === 1);
}

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')));

/** The module that holds a layer: '' at the top, where names tell nothing. */
export const groupOf = ({ path }: Unit): string => parentOf(path);

/** All convolutions of stages, those of shortcuts as well. */
export function unitsOf(stages: readonly Stage[]): readonly Unit[] {
  return stages.flatMap(({ unit, shortcut }) => (shortcut === undefined ? [unit] : [unit, shortcut.unit]));
}

/** Whether the next stage is another module's or, where modules tell nothing, has other channels. */
export function endsModule(stages: readonly Stage[], index: number): boolean {
  const [own, next] = [at(stages, index), stages[index + 1]];
  if (next === undefined) return true;
  const group = groupOf(own.unit);
  return group === '' ? own.output !== next.output : group !== groupOf(next.unit);
}

/** A kernel of 2 or 4 on the way down has a stride of 2. */
export function isStrided(stage: Stage | undefined): boolean {
  return stage !== undefined && !stage.transposed && at(stage.unit.shape, 2) % 2 === 0;
}
