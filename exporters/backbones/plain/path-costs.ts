import { at } from '../../../graph/common/at.js';
import type { Block } from './blocks.js';
import type { Unit } from './modules.js';
import { groupOf, parentOf, type Stage } from './stage.js';

/** Stages in a row, from the input on. */
export interface Path {
  readonly stages: readonly Stage[];
  /** How unusual it is: 0 for a network whose layers run as they are registered. */
  readonly cost: number;
}

export interface State extends Path {
  /** By block, whether it is in the path. */
  readonly used: readonly boolean[];
  readonly left: number;
  /** The place in the state dict behind the last block. */
  readonly next: number;
  /** Skips are taken from stages before this one. */
  readonly bound: number;
  /** Transposed convolutions so far, and whether there was a join since the last. */
  readonly ups: number;
  readonly isUp: boolean;
  readonly joins: number;
  /** Blocks since the last join. */
  readonly since: number;
  /** Whether there are 1x1 convolutions for what is upsampled: then no other halves its channels. */
  readonly reduces: boolean;
  /** Of each kind of block, the number of the last one. */
  readonly numbers: ReadonlyMap<string, number>;
}

/** Channels of images; more are those of features. */
export const MAX_CHANNELS = 4;

export const COSTS = {
  jump: 1,
  narrowing: 2,
  widening: 2,
  early: 1,
  inside: { block: 4, list: 1.5 },
  left: 2,
  input: 4,
  start: 1,
  pointwise: 2,
  pointless: 4,
  unreduced: 1.5,
  summed: 2.5,
  down: 2,
  image: 1,
  plain: 1,
  block: 2,
  skipped: 0.75,
  side: { inside: 0.5, flat: 1.5, far: 5 },
};

/**
 * What is doubled is joined before it is doubled again, unless all levels are added in place of joined; and joins are all behind
 * transposed convolutions, or none.
 */
export function doublingCost({ isUp, ups, joins }: State, left: number): number | undefined {
  if (ups === 0 && joins > 0) return undefined;
  if (!isUp || left === 0) return 0;
  return joins === 0 ? COSTS.summed : undefined;
}

/** The input's convolution is the first one, takes channels of an image, and sees more than a pixel. */
export function startCost({ first, units: [unit] }: Block, input: number): number {
  return (
    (first === 0 ? 0 : COSTS.start) +
    (input > MAX_CHANNELS ? COSTS.input : 0) +
    (unit?.shape[2] === 1 ? COSTS.pointwise : 0)
  );
}

/** Before the first join networks grow wider, behind it few convolutions stand between joins. */
export function plainCost(state: State, left: number, added: readonly Stage[]): number {
  const { ups, joins, since, reduces } = state;
  const [first, last] = [at(added, 0), at(added, added.length - 1)];
  if (left === 0 || first.transposed) return 0;
  const pointless = pointlessCost(state, first);
  if (ups + joins === 0) return pointless + (last.output < first.input ? COSTS.narrowing : 0);
  const isWhole = added.length > 1 && !last.transposed;
  return (
    pointless +
    (last.output > first.input ? COSTS.widening : 0) +
    (isWhole ? COSTS.block : 0) +
    (joins > 0 && since >= 2 ? COSTS.plain : 0) +
    (joins > 0 && reduces && !isPointwise(first) && last.output < first.input ? COSTS.unreduced : 0)
  );
}

/** A 1x1 convolution behind another, or one that reduces for no join. */
function pointlessCost({ stages, reduces }: State, next: Stage): number {
  if (!isPointwise(stages.at(-1))) return 0;
  if (isPointwise(next)) return COSTS.pointless;
  return reduces ? COSTS.unreduced : 0;
}

/** One behind another, such convolutions are one. */
export function isPointwise(stage: Stage | undefined): boolean {
  return stage !== undefined && !stage.transposed && stage.unit.shape[2] === 1;
}

/** A shortcut is in the module that holds a convolution, or beside it. */
export function sideCost(shortcut: Unit, conv: Unit): number {
  const [a, b] = [groupOf(shortcut), groupOf(conv)];
  if (conv.shape[2] === 1) return COSTS.side.far;
  if (a === '' && b === '') return COSTS.side.flat;
  const isNear =
    a === b ||
    a.startsWith(`${b}.`) ||
    b.startsWith(`${a}.`) ||
    (parentOf(a) === parentOf(b) && parentOf(a) !== '');
  return isNear && a !== '' && b !== '' ? COSTS.side.inside : COSTS.side.far;
}

/** What it costs that a block runs behind the last one: nothing in the order of registration, or of their numbers. */
export function orderCost({ stages, next, numbers }: State, { kind, number, first }: Block): number {
  const before = numbers.get(kind);
  const isApart = before !== undefined && number !== undefined && Math.abs(number - before) !== 1;
  const jump = stages.length === 0 || first === next ? 0 : COSTS.jump;
  return jump + (isApart && jump > 0 ? COSTS.skipped : 0);
}
