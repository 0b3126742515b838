import { at } from '../../../graph/common/at.js';
import type { Unit } from './modules.js';
import { searchPaths } from './path.js';
import type { Path } from './path-costs.js';
import { endsModule, groupOf, IMAGE, isStrided, type Stage } from './stage.js';

/** Which tensors feed which: the stages in the order in which they run. */
export interface Wiring {
  readonly stages: readonly Stage[];
  /** The deepest level ends with this stage. */
  readonly bottom: number;
  /** How many times the resolution is halved. */
  readonly depth: number;
  /** The stages whose outputs a decoder takes: those that are joined, and the deepest; shallow to deep. */
  readonly features: readonly number[];
  readonly cost: number;
}

/** What the search found, and, where it found nothing, how far it came. */
export interface Wirings {
  readonly found: readonly Wiring[];
  readonly furthest: readonly Stage[];
}

const MAX_WIRINGS = 48;

/** Every wiring in which all convolutions fit each other, the most usual first. */
export function wiringsOf(units: readonly Unit[]): Wirings {
  const { paths, furthest } = searchPaths(units, MAX_WIRINGS);
  const found = paths.flatMap(wired).sort((a, b) => a.cost - b.cost);
  return { found: found.slice(0, MAX_WIRINGS), furthest };
}

/** Puts pooling and interpolation where a path needs them: each way that leaves and joins levels at one resolution. */
function wired(path: Path): readonly Wiring[] {
  const { stages } = path;
  const joins = stages.flatMap(({ skip }, index) => (skip === undefined ? [] : [{ index, skip }]));
  const ups = stages.flatMap(({ transposed }, index) => (transposed ? [index] : []));
  const isTransposed = ups.length > 0;
  if (joins.length === 0) return isTransposed ? summed(path, ups) : [];
  const places = isTransposed ? [{ ups: [] as number[], cost: 0 }] : doublings(stages, joins);
  return places.flatMap(({ ups: doubled, cost }) => {
    const all = isTransposed ? ups : doubled;
    const bottom = Math.min(...all) - 1;
    if (joins.some(({ skip }) => skip >= bottom)) return [];
    const inner = joins.filter(({ skip }) => skip !== IMAGE);
    if (inner.length === 0) return [];
    return poolings(stages, inner, all, bottom).flatMap((pools) => {
      const placed = stages.map((stage, index): Stage => {
        const pooled = pools.get(index);
        return {
          ...stage,
          ...(doubled.includes(index) && { doubled: true as const }),
          ...(pooled !== undefined && { pooled }),
        };
      });
      if (!isLevel(placed)) return [];
      const own = path.cost + cost + irregularity(placed, bottom);
      const features = [...joins.map(({ skip }) => skip).sort((a, b) => a - b), bottom];
      return [{ stages: placed, bottom, depth: all.length, features, cost: own }];
    });
  });
}

/** How the levels of a path without a join are added: to what transposed convolutions give, or to the ends of their levels. */
function summed({ stages, cost }: Path, ups: readonly number[]): readonly Wiring[] {
  const bottom = at(ups, 0) - 1;
  const ends = ups.map((_, place) => (ups[place + 1] ?? stages.length - 1) - 1);
  return [ups, ends].flatMap((sums, mode) => {
    const skips = levelsBehind(stages, bottom, sums);
    if (skips === undefined || new Set(sums).size < sums.length) return [];
    const placed = stages.map((stage, index): Stage => {
      const level = sums.indexOf(index);
      return {
        ...stage,
        ...(level >= 0 && { plus: at(skips, level) }),
        ...(skips.includes(index) && { pooled: 'behind' as const }),
      };
    });
    if (!isLevel(placed)) return [];
    const features = [...skips.toReversed(), bottom];
    const own = cost + mode + irregularity(placed, bottom);
    return [{ stages: placed, bottom, depth: ups.length, features, cost: own }];
  });
}

/** The end of each level, deep to shallow, that has the channels of what it is added to. */
function levelsBehind(
  stages: readonly Stage[],
  bottom: number,
  sums: readonly number[],
): readonly number[] | undefined {
  const skips: number[] = [];
  for (const sum of sums) {
    const before = stages.slice(0, skips.at(-1) ?? bottom);
    const width = at(stages, sum).output;
    const skip = before.findLastIndex(({ output }, index) => output === width && endsModule(stages, index));
    if (skip < 0) return undefined;
    skips.push(skip);
  }
  return skips;
}

/** Whether all that is joined or added has one resolution, and the output that of the input. */
function isLevel(stages: readonly Stage[]): boolean {
  const inputs: number[] = [];
  const taps: number[] = [];
  let level = 0;
  for (const [index, stage] of stages.entries()) {
    // A stride gives no pooled skip.
    if (stage.pooled === 'into-skip' && isStrided(stages[index + 1])) return false;
    if (stage.doubled) level--;
    if (stage.skip === IMAGE && level !== 0) return false;
    if (stage.skip !== undefined && stage.skip !== IMAGE && at(taps, stage.skip) !== level) return false;
    inputs.push(level);
    if (stage.transposed) level--;
    if (stage.plus !== undefined && at(taps, stage.plus) !== level) return false;
    if (stage.shortcut !== undefined && at(inputs, stage.shortcut.from) !== level) return false;
    const behind = stage.pooled === undefined ? level : level + 1;
    taps.push(stage.pooled === 'into-skip' ? behind : level);
    level = behind;
  }
  return level === 0;
}

interface Join {
  readonly index: number;
  readonly skip: number;
}

/** Where to interpolate: right before each join, or before the convolution that reduces channels for it. */
function doublings(stages: readonly Stage[], joins: readonly Join[]) {
  const direct = joins.map(({ index }) => index);
  const reduced = joins.map(({ index }) => index - 1);
  const last = at(joins, joins.length - 1);
  const behind = stages.length - 1 - last.index;
  const between = joins.length > 1 ? at(joins, 1).index - at(joins, 0).index : behind;
  // One convolution more between joins than behind the last, the head aside: that one reduces.
  const isReduced = between > behind;
  const narrows = joins.every(({ index }) => {
    const before = stages[index - 1];
    return before !== undefined && before.output < before.input;
  });
  const options = [{ ups: direct, cost: isReduced ? 2 : 0 }];
  const isPossible = joins.every(({ index }, place) => {
    const earlier = joins[place - 1]?.index ?? -1;
    return index - 1 > earlier && standsApart(stages, index - 1);
  });
  if (isPossible) options.push({ ups: reduced, cost: isReduced ? 0 : narrows ? 1 : 4 });
  return options;
}

/** Whether a stage begins a module: within one, no resolution changes. */
function standsApart(stages: readonly Stage[], index: number): boolean {
  const group = groupOf(at(stages, index).unit);
  return group === '' || (index > 0 && group !== groupOf(at(stages, index - 1).unit));
}

type Pools = ReadonlyMap<number, NonNullable<Stage['pooled']>>;

/** Behind which stages to pool, so that each skip has the resolution at which it is joined. */
function poolings(
  stages: readonly Stage[],
  joins: readonly Join[],
  ups: readonly number[],
  bottom: number,
): readonly Pools[] {
  const depth = ups.length;
  // The resolution at each join, counted in halvings.
  const levels = joins.map(({ index }) => depth - ups.filter((up) => up <= index).length);
  const skips = joins.map(({ skip }) => skip);
  if (depth === joins.length && levels.every((level, place) => level === joins.length - 1 - place)) {
    return [new Map(skips.map((skip) => [skip, 'behind']))];
  }
  // Skips that are taken behind the pooling, and a level that is never joined.
  if (depth === joins.length + 1 && levels.every((level, place) => level === joins.length - place)) {
    const ends = stages.flatMap((_, index) => {
      const isBelow = index > Math.max(...skips) && index <= bottom;
      return isBelow && (index === bottom || standsApart(stages, index + 1)) ? [index] : [];
    });
    return ends.map(
      (end) => new Map([...skips.map((skip) => [skip, 'into-skip'] as const), [end, 'behind']]),
    );
  }
  return [];
}

/** Levels of one network have as many convolutions each: what differs is less likely. */
function irregularity(stages: readonly Stage[], bottom: number): number {
  const counts: number[] = [0];
  for (const [index, { pooled, skip, plus }] of stages.entries()) {
    if (index > bottom && (skip !== undefined || plus !== undefined)) counts.push(0);
    counts.push((counts.pop() ?? 0) + 1);
    if (pooled !== undefined && index < bottom) counts.push(0);
  }
  // The head.
  counts.push((counts.pop() ?? 1) - 1);
  const down = counts.slice(0, Math.ceil(counts.length / 2));
  const up = counts.slice(Math.ceil(counts.length / 2));
  return 0.75 * (spread(down) + spread(up));
}

/** How many of these differ from the most frequent one. */
function spread(counts: readonly number[]): number {
  const most = Math.max(0, ...counts.map((count) => counts.filter((other) => other === count).length));
  return counts.length - most;
}
