import { at } from '../../../graph/common/at.js';
import { type Block, blocksOf, type Reading, singlesOf } from './blocks.js';
import type { Unit } from './modules.js';
import {
  COSTS,
  doublingCost,
  isPointwise,
  MAX_CHANNELS,
  orderCost,
  type Path,
  plainCost,
  type State,
  sideCost,
  startCost,
} from './path-costs.js';
import { Queue } from './queue.js';
import { endsModule, groupOf, IMAGE, type Stage, standsForPooling } from './stage.js';

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

/** What reaching the end is worth for each block: those ahead are looked at first, or equal starts are tried without end. */
const AHEAD = 0.75;

/** No input that is tried has more. */
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

type Base = Pick<State, 'used' | 'left' | 'next' | 'numbers'>;

function extended(
  state: State,
  base: Base,
  { stages: added }: Reading,
  cost: number,
  skip: number | undefined,
): State {
  const { stages, reduces } = state;
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

function counted(numbers: ReadonlyMap<string, number>, { kind, number }: Block): ReadonlyMap<string, number> {
  return number === undefined ? numbers : new Map(numbers).set(kind, number);
}
