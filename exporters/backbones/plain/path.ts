import { at } from '../../../graph/common/at.js';
import { type Block, blocksOf, type Reading, singlesOf } from './blocks.js';
import type { Unit } from './modules.js';
import { Queue } from './queue.js';
import { endsModule, groupOf, IMAGE, parentOf, type Stage, standsForPooling } from './stage.js';

/** Stages in a row, from the input on. */
export interface Path {
  readonly stages: readonly Stage[];
  /** How unusual it is: 0 for a network whose layers run as they are registered. */
  readonly cost: number;
}

interface State extends Path {
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

/** A state that is made only once it is looked at: most never are. */
interface Step {
  readonly cost: number;
  readonly left: number;
  state(): State;
}

/** States that are looked at: hostile shapes may allow any number. */
const MAX_STATES = 4_000;

/** Of one state's ways on, so many are kept; and of all states, so many stages. */
const MAX_NEXT = 24;
const MAX_STAGES = 200_000;

/** Paths that cost so much more than the first are no hypotheses. */
const MAX_EXTRA = 8;

const COSTS = {
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

/** What reaching the end is worth for each block: those ahead are looked at first, or equal starts are tried without end. */
const AHEAD = 0.75;

/** Channels of images; more are those of features. */
const MAX_CHANNELS = 4;
const MAX_INPUT = 64;

/** A module with more convolutions in a row holds several levels. */
const MAX_LAYERS = 3;

/** Beside the head. */
const LEAST_REDUCTIONS = 2;

/** A shortcut leads around no more convolutions. */
const MAX_AROUND = 4;

/**
 * Every order in which all convolutions run one after another, joins with what was there before included. The most usual comes
 * first: the order in which they are registered, a module's in one go.
 */
export function searchPaths(
  units: readonly Unit[],
  most: number,
): { paths: Path[]; furthest: readonly Stage[] } {
  const whole = search(blocksOf(units), most);
  if (whole.paths.length > 0) return whole;
  const apart = search(singlesOf(units), most);
  return apart.paths.length > 0 || apart.furthest.length > whole.furthest.length ? apart : whole;
}

function search(blocks: readonly Block[], most: number): { paths: Path[]; furthest: readonly Stage[] } {
  const rank = ({ cost, left }: Step) => cost + AHEAD * left;
  const queue = new Queue<Step>((a, b) => rank(a) - rank(b) || a.left - b.left);
  const [cost, left] = [0, blocks.length];
  const start = { stages: [], cost, used: blocks.map(() => false), left, next: 0 };
  const pointwise = blocks.filter(({ units: [unit, ...more] }) => more.length === 0 && unit?.shape[2] === 1);
  const reduces = pointwise.length > LEAST_REDUCTIONS;
  const state = { ...start, reduces, bound: 0, ups: 0, isUp: false, joins: 0, since: 0, numbers: new Map() };
  queue.push({ cost, left, state: () => state });
  const paths: Path[] = [];
  let furthest: readonly Stage[] = [];
  const limit = Math.min(MAX_STATES, MAX_STAGES / blocks.length);
  for (let seen = 0; seen < limit && paths.length < most; seen++) {
    const step = queue.pop();
    if (step === undefined || rank(step) > (paths[0]?.cost ?? Infinity) + MAX_EXTRA) break;
    const state = step.state();
    if (state.stages.length > furthest.length) furthest = state.stages;
    if (state.left === 0) paths.push({ stages: state.stages, cost: state.cost });
    else {
      const next = blocks.flatMap((block, index) =>
        state.used[index] ? [] : continued(state, index, block),
      );
      for (const each of next.sort((a, b) => rank(a) - rank(b)).slice(0, MAX_NEXT)) queue.push(each);
    }
  }
  return { paths, furthest };
}

function continued(state: State, index: number, block: Block): readonly Step[] {
  const { stages } = state;
  const channels = stages.at(-1)?.output;
  const cost = state.cost + orderCost(state, block);
  const left = state.left - 1;
  const base = (): Base => ({
    used: state.used.with(index, true),
    left,
    next: block.next,
    numbers: counted(state.numbers, block),
  });
  const next: Step[] = [];
  const add = (reading: Reading, cost: number, skip?: number) =>
    next.push({ cost, left, state: () => extended(state, base(), reading, cost, skip) });
  for (const reading of block.readings) {
    const { input, transposed } = at(reading.stages, 0);
    const own = cost + reading.cost;
    if (channels === undefined) {
      if (transposed || input > MAX_INPUT) continue;
      add(reading, own + startCost(block, input));
    } else if (input === channels) {
      const doubling = reading.stages.some((stage) => stage.transposed) ? doublingCost(state, left) : 0;
      if (doubling === undefined) continue;
      const plain = plainCost(state, left, reading.stages);
      add(reading, own + plain + doubling);
    } else if (input > channels && !transposed && (state.isUp || state.ups === 0)) {
      const last = at(reading.stages, reading.stages.length - 1);
      const odd =
        (at(reading.stages, 0).unit.shape[2] === 1 ? COSTS.pointwise : 0) +
        (last.output > input ? COSTS.widening : 0);
      const unreduced = state.reduces && !isPointwise(stages.at(-1)) ? COSTS.unreduced : 0;
      for (const { skip, cost: extra } of skipsOf(state, input - channels)) {
        add(reading, own + extra + odd + unreduced, skip);
      }
    }
  }
  return [...next, ...shortcuts(state, block, base)];
}

/**
 * What is doubled is joined before it is doubled again, unless all levels are added in place of joined; and joins are all behind
 * transposed convolutions, or none.
 */
function doublingCost({ isUp, ups, joins }: State, left: number): number | undefined {
  if (ups === 0 && joins > 0) return undefined;
  if (!isUp || left === 0) return 0;
  return joins === 0 ? COSTS.summed : undefined;
}

/** The input's convolution is the first one, takes channels of an image, and sees more than a pixel. */
function startCost({ first, units: [unit] }: Block, input: number): number {
  return (
    (first === 0 ? 0 : COSTS.start) +
    (input > MAX_CHANNELS ? COSTS.input : 0) +
    (unit?.shape[2] === 1 ? COSTS.pointwise : 0)
  );
}

/** Before the first join networks grow wider, behind it few convolutions stand between joins. */
function plainCost(state: State, left: number, added: readonly Stage[]): number {
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
function isPointwise(stage: Stage | undefined): boolean {
  return stage !== undefined && !stage.transposed && stage.unit.shape[2] === 1;
}

type Base = Pick<State, 'used' | 'left' | 'next' | 'numbers'>;

function extended(
  state: State,
  base: Base,
  { stages: added }: Reading,
  cost: number,
  skip: number | undefined,
): State {
  const { stages } = state;
  const { reduces } = state;
  const placed = added.map((stage, place): Stage => {
    const { shortcut } = stage;
    return {
      ...stage,
      ...(place === 0 && skip !== undefined && { skip }),
      ...(shortcut && { shortcut: { ...shortcut, from: stages.length + shortcut.from } }),
    };
  });
  const up = placed.findIndex(({ transposed }) => transposed);
  const isFirstUp = up >= 0 && state.ups === 0 && state.joins === 0;
  return {
    ...base,
    reduces,
    stages: [...stages, ...placed],
    cost,
    bound: skip ?? (isFirstUp ? stages.length + up - 1 : state.bound),
    ups: state.ups + placed.filter(({ transposed }) => transposed).length,
    isUp: up >= 0 || (skip === undefined && state.isUp),
    joins: state.joins + (skip === undefined ? 0 : 1),
    since: skip === undefined ? state.since + 1 : 1,
  };
}

/** The stages of this many outputs that are not joined yet, the last ones first. */
function skipsOf(
  { stages, bound, ups, joins }: State,
  width: number,
): readonly { skip: number; cost: number }[] {
  const limit = ups + joins > 0 ? bound : stages.length - 1;
  const found: { skip: number; cost: number; isDown: boolean }[] = [];
  if (limit < 0) return [];
  const passed = new Set<number>();
  const level = at(stages, limit).output;
  for (let skip = limit - 1; skip >= 0 && found.length < 3; skip--) {
    const own = at(stages, skip);
    if (own.output !== width) {
      if (own.output !== level) passed.add(own.output);
      continue;
    }
    const group = groupOf(own.unit);
    const ends = endsModule(stages, skip);
    const mates = stages.filter(({ unit }) => groupOf(unit) === group).length;
    const inside = group !== '' && mates <= MAX_LAYERS ? COSTS.inside.block : COSTS.inside.list;
    // A level that is passed by is joined by nothing.
    const left = COSTS.left * passed.size;
    const isDown = standsForPooling(stages, skip);
    const early = COSTS.early * found.filter((each) => !each.isDown).length;
    found.push({ skip, cost: (ends ? 0 : inside) + early + left + (isDown ? COSTS.down : 0), isDown });
  }
  // Nothing is joined behind the image.
  const isImage = joins > 0 && width <= MAX_CHANNELS && at(stages, 0).input === width;
  return isImage ? [...found, { skip: IMAGE, cost: COSTS.image, isDown: false }] : found;
}

/** A 1x1 convolution, alone in its block, around the last stages. */
function shortcuts(state: State, { units: [unit, ...more] }: Block, base: () => Base): readonly Step[] {
  const { stages } = state;
  const last = stages.at(-1);
  if (unit === undefined || more.length > 0 || last === undefined) return [];
  const [output, input, kernel] = unit.shape;
  if (kernel !== 1 || last.output !== output || last.shortcut || last.transposed) return [];
  const found: Step[] = [];
  for (let from = stages.length - 2; from >= 0 && from > stages.length - 1 - MAX_AROUND; from--) {
    const first = at(stages, from);
    if (first.transposed) break;
    if (first.input === input) {
      const cost = state.cost + sideCost(unit, last.unit);
      const added = () => [...stages.slice(0, -1), { ...last, shortcut: { unit, from } }];
      found.push({
        cost,
        left: state.left - 1,
        state: () => ({ ...state, ...base(), stages: added(), cost }),
      });
    }
    if (first.shortcut !== undefined || first.skip !== undefined) break;
  }
  return found;
}

/** A shortcut is in the module that holds a convolution, or beside it. */
function sideCost(shortcut: Unit, conv: Unit): number {
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
function orderCost({ stages, next, numbers }: State, { kind, number, first }: Block): number {
  const before = numbers.get(kind);
  const isApart = before !== undefined && number !== undefined && Math.abs(number - before) !== 1;
  const jump = stages.length === 0 || first === next ? 0 : COSTS.jump;
  return jump + (isApart && jump > 0 ? COSTS.skipped : 0);
}

function counted(numbers: ReadonlyMap<string, number>, { kind, number }: Block): ReadonlyMap<string, number> {
  return number === undefined ? numbers : new Map(numbers).set(kind, number);
}
