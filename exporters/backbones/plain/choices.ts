import { at } from '../../../graph/common/at.js';
import type { ActivationName } from '../../nn/activations.js';
import type { Unit } from './modules.js';
import { identityFrom, isStrided, type Stage, standsForPooling } from './stage.js';
import type { Wiring } from './wiring.js';

/** What leaves no trace in a state dict, each with the words that are used of it. */
export interface Choices {
  readonly order: 'norm-act' | 'act-norm';
  readonly norm: 'instance' | `group-${number}`;
  /** Of a network without norms: InstanceNorm has no weights by PyTorch's default. */
  readonly hidden: 'no-norm' | 'instance-plain';
  readonly activation: ActivationName;
  /** Whether convolutions of the upsampling that have no norm are followed by the activation. */
  readonly up: 'bare-up' | 'active-up';
  /** Whether convolutions that halve the resolution and have no norm, where others have, are followed by the activation. */
  readonly down: 'bare-down' | 'active-down';
  readonly pooling: 'max' | 'average' | 'stride' | 'max-3';
  readonly upsampling: 'bilinear-corners' | 'nearest' | 'bilinear';
  readonly join: 'skip-first' | 'up-first';
  readonly sum: 'sum-act' | 'act-sum' | 'sum';
  /** Whether blocks that keep their channels have their input added as it is. */
  readonly identity: 'no-identity' | 'identity';
}

export type Name = keyof Choices;

interface Factor<K extends Name = Name> {
  readonly name: K;
  /** What is chosen where nothing of the kind is in the network. */
  readonly absent: Choices[K];
  /** Whether something of the kind is in it. */
  isAsked(wiring: Wiring): boolean;
  /** What there is to choose from, each with how unusual it is. */
  costs(wiring: Wiring): Readonly<Partial<Record<Choices[K], number>>>;
}

const factor = <K extends Name>(definition: Factor<K>): Factor<K> => definition;
const some = (wiring: Wiring, test: (stage: Stage, index: number) => boolean) => wiring.stages.some(test);

const hasNorm = ({ after, before }: Unit) => after !== undefined || before !== undefined;
const hasShortcut = (wiring: Wiring) => some(wiring, ({ shortcut }) => shortcut !== undefined);
const hasDownsampling = (wiring: Wiring) => some(wiring, (_, index) => isOfDownsampling(wiring, index));

/** Whether an activation without weights follows a stage, where upsampling that has no norm is bare. */
function hasActivation(wiring: Wiring, { unit }: Stage, index: number): boolean {
  const isHead = index === wiring.stages.length - 1 && index > wiring.bottom;
  return !isHead && unit.slopes === undefined && (hasNorm(unit) || !isOfUpsampling(wiring, index));
}

/** Sizes of groups that people give GroupNorm. */
const GROUPS = [8, 4, 16, 32, 2, 1];

/** The norms of a network that are InstanceNorm or GroupNorm. */
const affineNorms = ({ stages }: Wiring) =>
  stages.flatMap(({ unit }) => [unit.before, unit.after]).filter((norm) => norm?.kind === 'affine');

/** Whether a stage doubles the resolution and has no norm. */
const isBareUp = (wiring: Wiring, { unit }: Stage, index: number) =>
  isOfUpsampling(wiring, index) && !hasNorm(unit);

const afterPooling = ({ stages }: Wiring) =>
  stages.filter((_, index) => stages[index - 1]?.pooled !== undefined);

/** In the order in which they are told. */
export const FACTORS = [
  factor({
    name: 'order',
    absent: 'norm-act',
    isAsked: (wiring) => some(wiring, ({ unit }) => unit.after !== undefined),
    costs: () => ({ 'norm-act': 0, 'act-norm': 1.5 }),
  }),
  factor({
    name: 'norm',
    absent: 'instance',
    isAsked: (wiring) => affineNorms(wiring).length > 0,
    costs(wiring) {
      const norms = affineNorms(wiring);
      const fitting = GROUPS.filter((groups) => norms.every((norm) => (norm?.channels ?? 0) % groups === 0));
      const groups = fitting.map((count, place) => [`group-${count}`, 0.5 + place / 4]);
      return { instance: 0, ...Object.fromEntries(groups) };
    },
  }),
  factor({
    name: 'hidden',
    absent: 'no-norm',
    isAsked: (wiring) => !some(wiring, ({ unit }) => hasNorm(unit)),
    costs: () => ({ 'no-norm': 0, 'instance-plain': 2.25 }),
  }),
  factor({
    name: 'activation',
    absent: 'relu',
    isAsked: (wiring) => some(wiring, (stage, index) => hasActivation(wiring, stage, index)),
    costs: () => ({
      ...{ relu: 0, 'leaky-relu': 1.75, 'leaky-relu:0.2': 2, elu: 2.25, 'leaky-relu:0.1': 2.5 },
      ...{ silu: 2.75, gelu: 2.75 },
    }),
  }),
  factor({
    name: 'up',
    absent: 'bare-up',
    isAsked: (wiring) => some(wiring, (stage, index) => isBareUp(wiring, stage, index)),
    costs(wiring) {
      // Where a transposed convolution is bare, as it mostly is, its like among plain ones need not be.
      const isUsual = some(wiring, (stage, index) => stage.transposed && isBareUp(wiring, stage, index));
      return isUsual ? { 'bare-up': 0, 'active-up': 1.25 } : { 'active-up': 0.25, 'bare-up': 0.5 };
    },
  }),
  factor({
    name: 'down',
    absent: 'active-down',
    isAsked: hasDownsampling,
    costs: () => ({ 'bare-down': 0, 'active-down': 0.5 }),
  }),
  factor({
    name: 'pooling',
    absent: 'max',
    isAsked: (wiring) => afterPooling(wiring).some((stage) => !isStrided(stage)),
    costs(wiring) {
      const isStridable =
        afterPooling(wiring).every(({ transposed }) => !transposed) &&
        !some(wiring, ({ pooled }) => pooled === 'into-skip');
      const stride = isStridable && { stride: hasDownsampling(wiring) ? -0.5 : 2 };
      return { max: 0, average: 1.5, ...stride, 'max-3': 2.5 };
    },
  }),
  factor({
    name: 'upsampling',
    absent: 'bilinear-corners',
    isAsked: (wiring) => some(wiring, ({ doubled }) => doubled === true),
    costs: () => ({ 'bilinear-corners': 0, nearest: 0.25, bilinear: 0.5 }),
  }),
  factor({
    name: 'join',
    absent: 'skip-first',
    isAsked: (wiring) => some(wiring, ({ skip }) => skip !== undefined),
    costs: () => ({ 'skip-first': 0, 'up-first': 0.25 }),
  }),
  factor({
    name: 'sum',
    absent: 'sum-act',
    isAsked: hasShortcut,
    costs: () => ({ 'sum-act': 0, 'act-sum': 0.75, sum: 1.25 }),
  }),
  factor({
    name: 'identity',
    absent: 'no-identity',
    isAsked: (wiring) => some(wiring, (_, index) => identityFrom(wiring.stages, index) !== undefined),
    costs: (wiring) =>
      hasShortcut(wiring) ? { identity: 0, 'no-identity': 0.5 } : { 'no-identity': 0, identity: 2.25 },
  }),
] as const;

/** What there is to choose of a factor in a network, each with its cost; nothing where it is not asked. */
export const optionsOf = ({ isAsked, costs }: (typeof FACTORS)[number], wiring: Wiring) =>
  (isAsked(wiring) ? Object.entries(costs(wiring)) : []) as [word: string, cost: number][];

const OF_ENCODER = ['order', 'norm', 'hidden', 'activation', 'down', 'pooling', 'sum', 'identity'] as const;

/** The choices that the way down depends on, as one word. */
export const encoderWord = (choices: Choices): string => OF_ENCODER.map((name) => choices[name]).join(' ');

/** Whether a stage doubles the resolution, or reduces channels between that and the join. */
export function isOfUpsampling({ stages }: Wiring, index: number): boolean {
  const stage = at(stages, index);
  if (stage.transposed) return true;
  return stage.doubled === true && stage.skip === undefined && stages[index + 1]?.skip !== undefined;
}

/** Whether a stage follows an end of a level and has no norm, where others have or where it stands alone: it stands for a pooling. */
export function isOfDownsampling({ stages, bottom }: Wiring, index: number): boolean {
  const { unit, transposed } = at(stages, index);
  if (stages[index - 1]?.pooled === undefined || transposed || hasNorm(unit) || index > bottom) return false;
  return stages.some((stage) => hasNorm(stage.unit)) || standsForPooling(stages, index);
}

/** Each choice as it is taken where nothing says otherwise. */
export const USUAL = Object.fromEntries(
  FACTORS.map(({ name, absent }) => [name, absent]),
) as unknown as Choices;
