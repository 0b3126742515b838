import { at } from '../../../graph/common/at.js';
import type { Unit } from './modules.js';

/** One convolution's place in the network. */
export interface Stage {
  readonly unit: Unit;
  readonly transposed: boolean;
  readonly input: number;
  readonly output: number;
  /** The stage whose output is concatenated before this one. */
  readonly skip?: number;
  /** Resolutions are halved behind this stage: its output, or what is made of it by that, is the skip. */
  readonly pooled?: 'behind' | 'into-skip';
  /** Interpolation to twice the resolution before this stage. */
  readonly doubled?: true;
  /** A 1x1 convolution of the input of stage `from`, added to this one's output. */
  readonly shortcut?: { readonly unit: Unit; readonly from: number };
}

/** The module that holds a layer: '' at the top, where names tell nothing. */
export function groupOf({ path }: Unit): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

/** All convolutions of stages, those of shortcuts as well. */
export function unitsOf(stages: readonly Stage[]): readonly Unit[] {
  return stages.flatMap(({ unit, shortcut }) => (shortcut === undefined ? [unit] : [unit, shortcut.unit]));
}

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')));

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
