import { at } from '../../../graph/common/at.js';
import type { Shapes } from '../../nn/weights.js';

/** BatchNorm has running statistics; InstanceNorm and GroupNorm, which have none, cannot be told apart by their keys. */
export type NormKind = 'batch' | 'affine';

export interface Norm {
  readonly path: string;
  readonly kind: NormKind;
  readonly channels: number;
}

/** torch.nn.PReLU: one slope, or one a channel. */
export interface Slopes {
  readonly path: string;
  readonly count: number;
}

/** A convolution or a transposed one, whose weights may have either's shape, with what stands by it. */
export interface Unit {
  /** Its place among the convolutions of the state dict. */
  readonly index: number;
  readonly path: string;
  /** [out, in, kernel, kernel], or of a transposed one [in, out, kernel, kernel]. */
  readonly shape: readonly [number, number, number];
  /** The length of its bias. */
  readonly bias: number | undefined;
  /** Before the convolution, as in pre-activation networks. */
  readonly before?: Norm;
  readonly after?: Norm;
  readonly slopes?: Slopes;
}

/** What a state dict holds, in its order. */
export interface Modules {
  readonly units: readonly Unit[];
  /** Keys that belong to no layer of a plain network, or that nothing could be done with. */
  readonly strange: readonly string[];
}

type Item =
  | { readonly kind: 'conv'; readonly unit: Unit }
  | { readonly kind: 'norm'; readonly norm: Norm }
  | { readonly kind: 'slopes'; readonly slopes: Slopes };

/** Keys of one module: `enc1.0.weight` and `enc1.0.bias` are of `enc1.0`. */
function grouped(shapes: Shapes): ReadonlyMap<string, ReadonlyMap<string, readonly number[]>> {
  const groups = new Map<string, Map<string, readonly number[]>>();
  for (const [key, dims] of shapes) {
    const end = key.lastIndexOf('.');
    const path = key.slice(0, Math.max(0, end));
    const group = groups.get(path) ?? new Map<string, readonly number[]>();
    groups.set(path, group.set(key.slice(end + 1), dims));
  }
  return groups;
}

const NORM_KEYS = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'];

/** The layer that a module's tensors are those of; undefined for none of a plain network. */
function itemOf(
  path: string,
  tensors: ReadonlyMap<string, readonly number[]>,
  index: number,
): Item | undefined {
  const [weight, bias] = [tensors.get('weight'), tensors.get('bias')];
  if (weight === undefined || ![...tensors.keys()].every((name) => NORM_KEYS.includes(name)))
    return undefined;
  const [first = 0, second = 0, height = 0, width] = weight;
  if (weight.length === 4) {
    const isConv = height === width && first * second * height > 0 && (bias?.length ?? 1) === 1;
    if (!isConv || tensors.has('running_mean')) return undefined;
    return { kind: 'conv', unit: { index, path, shape: [first, second, height], bias: bias?.[0] } };
  }
  if (weight.length !== 1 || first === 0) return undefined;
  if (bias === undefined) {
    return tensors.size === 1 ? { kind: 'slopes', slopes: { path, count: first } } : undefined;
  }
  if (bias[0] !== first) return undefined;
  const kind = tensors.has('running_mean') && tensors.has('running_var') ? 'batch' : 'affine';
  return { kind: 'norm', norm: { path, kind, channels: first } };
}

/**
 * Groups a state dict's keys into layers, and gives each convolution the norm and the slopes that stand by it. No name is read: a
 * norm is that of the convolution before it whose channels it has, or else of the one behind it.
 */
export function modulesOf(shapes: Shapes): Modules {
  const strange: string[] = [];
  const items: Item[] = [];
  let index = 0;
  for (const [path, tensors] of grouped(shapes)) {
    const item = itemOf(path, tensors, index);
    if (item === undefined) {
      const keys = [...tensors.keys()].filter((name) => name !== 'num_batches_tracked');
      strange.push(...keys.map((name) => (path === '' ? name : `${path}.${name}`)));
    } else {
      items.push(item);
      if (item.kind === 'conv') index++;
    }
  }
  const { units, left } = attached(items);
  return { units, strange: [...strange, ...left.map((path) => `${path}.weight`)] };
}

/** Runs of items of one kind: convolutions, then the norms behind them, and so on. */
function runsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const runs: Item[][] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last !== undefined && last[0]?.kind === item.kind) last.push(item);
    else runs.push([item]);
  }
  return runs;
}

const outOf = ({ shape: [first, second] }: Unit): readonly number[] => [first, second];

/** Gives norms and slopes to the convolutions before them, in order; what fits none there goes to the one behind. */
function attached(items: readonly Item[]): { units: readonly Unit[]; left: readonly string[] } {
  const units: Unit[] = [];
  const left: string[] = [];
  let waiting: Norm[] = [];
  let run = 0;
  for (const group of runsOf(items)) {
    if (group[0]?.kind === 'conv') {
      run = units.length;
      for (const item of group) {
        if (item.kind !== 'conv') continue;
        const [before, ...more] = waiting;
        const fits = before !== undefined && item.unit.shape.slice(0, 2).includes(before.channels);
        units.push(fits ? { ...item.unit, before } : item.unit);
        waiting = fits ? more : waiting;
      }
      left.push(...waiting.map(({ path }) => path));
      waiting = [];
      continue;
    }
    const count = group.length;
    // As many as there are: in order. Fewer: the last ones.
    let place = Math.max(run, units.length - count);
    for (const item of group) {
      if (item.kind === 'norm') {
        const { norm } = item;
        while (place < units.length && !canTake(at(units, place), norm)) place++;
        const unit = units[place];
        if (unit === undefined) waiting.push(norm);
        else units[place++] = { ...unit, after: norm };
      } else if (item.kind === 'slopes') {
        const { slopes } = item;
        const target = units.findLastIndex((unit) => unit.slopes === undefined && takesSlopes(unit, slopes));
        if (target < 0) left.push(slopes.path);
        else units[target] = { ...at(units, target), slopes };
      }
    }
  }
  return { units, left: [...left, ...waiting.map(({ path }) => path)] };
}

const canTake = (unit: Unit, { channels }: Norm): boolean =>
  unit.after === undefined && outOf(unit).includes(channels);

const takesSlopes = (unit: Unit, { count }: Slopes): boolean => count === 1 || outOf(unit).includes(count);
