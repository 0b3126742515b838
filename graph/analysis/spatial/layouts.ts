import { intOf, intsOf } from '../../ir/attribute.js';
import { numbers } from '../../ir/dim.js';
import { contentOf } from '../../ir/value.js';
import { axisOf } from '../../ops/operands.js';
import { type Axis, directionOf, isSpatial, plain, regroup } from './axes.js';
import { divided, windowed } from './extent.js';
import {
  because,
  broadcast,
  elementwise,
  lost,
  mixing,
  numbersAt,
  type Site,
  shifted,
  slid,
  sourceOf,
} from './site.js';
import { axesOf, type ImageTrace } from './trace.js';

/** Operators that move elements about, and those that mix the elements of axes which an attribute or an input names. */

/** Axes that are an attribute or, in later opsets, an input; undefined where they are not known. */
function namedAxes(site: Site, rank: number, otherwise: readonly number[]): readonly number[] | undefined {
  const { attributes, inputs } = site.node;
  const isInput = inputs[1] !== undefined && inputs[1] !== '';
  const told = isInput ? numbersAt(site, 1) : intsOf(attributes, 'axes', []);
  if (told === undefined) return undefined;
  return (told.length > 0 ? told : otherwise).map((axis) => axisOf(axis, rank));
}

/** ReduceMean and its kin, ArgMax included. */
export function reduction(site: Site): ImageTrace {
  const source = sourceOf(site);
  const { attributes, opType } = site.node;
  const { axes } = source;
  if (axes === undefined) return lost(site);
  const all = axes.map((_, axis) => axis);
  const none = intOf(attributes, 'noop_with_empty_axes', 0) === 1 ? [] : all;
  const reduced = opType.startsWith('Arg')
    ? [axisOf(intOf(attributes, 'axis', 0), axes.length)]
    : namedAxes(site, axes.length, none);
  if (reduced === undefined) return lost(site);
  const keeps = intOf(attributes, 'keepdims', 1) === 1;
  const left = axes.flatMap((axis, at): Axis[] => (reduced.includes(at) ? (keeps ? [[]] : []) : [axis]));
  return mixing(
    site,
    { ...source, axes: left },
    reduced.map((at) => axes[at]),
  );
}

/** Mixes the elements of one axis, and of those behind it where `isRest`; the shape stays. */
export function along(site: Site, otherwise: number, isRest: boolean): ImageTrace {
  const source = sourceOf(site);
  const { axes } = source;
  if (axes === undefined) return lost(site);
  const axis = axisOf(intOf(site.node.attributes, 'axis', otherwise), axes.length);
  return mixing(site, source, isRest ? axes.slice(axis) : [axes[axis]]);
}

/** CumSum, whose axis is an input. */
export function running(site: Site): ImageTrace {
  const source = sourceOf(site);
  const [axis] = numbersAt(site, 1) ?? [];
  if (source.axes === undefined || axis === undefined) return lost(site);
  return mixing(site, source, [source.axes[axisOf(axis, source.axes.length)]]);
}

/** Mixes the elements of all axes from one on. */
export function normalization(site: Site, from: number): ImageTrace {
  const source = sourceOf(site);
  return source.axes === undefined ? lost(site) : mixing(site, source, source.axes.slice(from));
}

/** Its axes are batch and space if not given. */
export function meanVariance(site: Site): ImageTrace {
  const source = sourceOf(site);
  const { axes } = source;
  if (axes === undefined) return lost(site);
  const mixed = intsOf(site.node.attributes, 'axes', [0, 2, 3]);
  return mixing(
    site,
    source,
    mixed.map((axis) => axes[axisOf(axis, axes.length)]),
  );
}

/** Takes its first operand element by element; what the others hold is for channels. */
export const channelwise = (site: Site): ImageTrace => {
  const [first] = site.traces;
  const source = sourceOf(site);
  return first?.kind === 'image' ? { ...source, axes: first.axes } : elementwise(site);
};

/** In a training run it takes its statistics from the images. */
export function batchNormalization(site: Site): ImageTrace {
  const trains = intOf(site.node.attributes, 'training_mode', 0) === 1 || site.node.outputs.length > 1;
  return trains ? because(channelwise(site), site, 'whole') : channelwise(site);
}

export function transposition(site: Site): ImageTrace {
  const source = sourceOf(site);
  const { axes } = source;
  if (axes === undefined) return lost(site);
  const order = intsOf(site.node.attributes, 'perm', axes.map((_, axis) => axis).reverse());
  return { ...source, axes: order.map((axis) => axes[axisOf(axis, axes.length)] ?? []) };
}

/** Reshape, Flatten, Squeeze, Unsqueeze: another shape, and the elements in their order. */
export function reshaping(site: Site): ImageTrace {
  const source = sourceOf(site);
  const shape = site.output && numbers(site.output.shape);
  const regrouped = source.axes && shape && regroup(source.axes, shape, site.isLong);
  if (regrouped === undefined) return lost(site);
  const { axes, finer } = regrouped;
  return [...finer].reduce<ImageTrace>(
    (trace, [direction, parts]) =>
      parts === 1 ? trace : slid(trace, direction, (extent) => divided(extent, parts)),
    { ...source, axes },
  );
}

export function concatenation(site: Site): ImageTrace {
  const operands = site.traces.map((trace, at) => axesOf(trace, site.types[at]));
  const known = operands.filter((axes) => axes !== undefined);
  const rank = known[0]?.length ?? 0;
  if (known.length < operands.length || known.some((axes) => axes.length !== rank)) return lost(site);
  const axis = axisOf(intOf(site.node.attributes, 'axis', 0), rank);
  if (known.some((axes) => isSpatial(axes[axis]))) return lost(site);
  const trace = elementwise(site);
  const axes = known.map((each) => each.with(axis, [])).reduce<readonly Axis[] | undefined>(broadcast, []);
  return axes === undefined ? lost(site) : { ...trace, axes: axes.with(axis, plain(Number.NaN)) };
}

export function splitting(site: Site): ImageTrace {
  const source = sourceOf(site);
  const { axes } = source;
  if (axes === undefined) return lost(site);
  const axis = axisOf(intOf(site.node.attributes, 'axis', 0), axes.length);
  return isSpatial(axes[axis]) ? lost(site) : { ...source, axes: axes.with(axis, plain(Number.NaN)) };
}

export function expansion(site: Site): ImageTrace {
  const source = sourceOf(site);
  const shape = contentOf(site.types[1]);
  if (source.axes === undefined || shape === undefined) return lost(site);
  const sizes = shape.map((size) => plain(typeof size === 'number' ? size : Number.NaN));
  return { ...source, axes: broadcast(sizes, source.axes) };
}

export function gathering(site: Site): ImageTrace {
  const [data, indices] = site.traces;
  if (data?.kind !== 'image' || data.axes === undefined || indices?.kind === 'image') return lost(site);
  const axis = axisOf(intOf(site.node.attributes, 'axis', 0), data.axes.length);
  if (isSpatial(data.axes[axis])) return lost(site);
  const picked = (site.types[1]?.shape ?? []).map(() => plain(Number.NaN));
  return { ...data, axes: [...data.axes.slice(0, axis), ...picked, ...data.axes.slice(axis + 1)] };
}

/** ONNX's way to say: up to the end. */
const TO_THE_END = 2 ** 31 - 1;

export function slicing(site: Site): ImageTrace {
  const source = sourceOf(site);
  const { attributes } = site.node;
  const numbersOf = (name: string, at: number, otherwise: readonly number[]) => {
    const told = intsOf(attributes, name, otherwise);
    return site.node.inputs[at] ? numbersAt(site, at) : told;
  };
  const [starts, ends] = [numbersOf('starts', 1, []), numbersOf('ends', 2, [])];
  const places = numbersOf('axes', 3, starts?.map((_, axis) => axis) ?? []);
  const steps = numbersOf('steps', 4, []);
  const { axes } = source;
  if (axes === undefined || !starts || !ends || !places || !steps) return lost(site);
  let trace = source;
  for (const [at, place] of places.entries()) {
    const axis = axes[axisOf(place, axes.length)];
    const [start = 0, end = 0, step = 1] = [starts[at], ends[at], steps[at]];
    if (!isSpatial(axis)) continue;
    const direction = directionOf(axis);
    if (direction === undefined || step < 1) return lost(site);
    // From a place that depends on the size, or up to one that does not: another part of a larger image.
    const isOther = start < 0 || (start > 0 && site.traces[1]?.kind === 'size');
    if (isOther) trace = because(trace, site, 'size');
    if (end >= 0 && end < TO_THE_END && site.traces[2]?.kind !== 'size')
      trace = because(trace, site, 'whole');
    trace =
      step === 1
        ? shifted(trace, direction, start)
        : slid(trace, direction, (extent) => windowed(extent, step, start, start));
  }
  return trace;
}

/** MatMul and, for two matrices that may be transposed, Gemm. */
export function product(site: Site, at: readonly [number, number] = [0, 1]): ImageTrace {
  const { attributes, opType } = site.node;
  const source = { ...sourceOf(site), isFormed: true };
  const [left, right] = at.map((place) => axesOf(site.traces[place], site.types[place]));
  if (!left || !right || left.length < 2 || right.length < 2) return { ...lost(site), isFormed: true };
  const isGemm = opType === 'Gemm';
  const flipped = (axes: readonly Axis[], name: string) =>
    isGemm && intOf(attributes, name, 0) === 1 ? axes.toReversed() : axes;
  const [a, b] = [flipped(left, 'transA'), flipped(right, 'transB')];
  const batch = broadcast(a.slice(0, -2), b.slice(0, -2));
  const axes = batch && [...batch, a.at(-2) ?? [], b.at(-1) ?? []];
  const mixed = mixing(site, { ...source, axes }, [a.at(-1), b.at(-2)]);
  return axes === undefined ? because(mixed, site, 'unknown') : mixed;
}
