import { at } from '../../common/at.js';
import { intOf, intsOf } from '../../ir/attribute.js';
import { numbers } from '../../ir/dim.js';
import { ABSENT } from '../../ir/model.js';
import { contentOf } from '../../ir/value.js';
import { axisOf } from '../../ops/operands.js';
import { type Axis, directionOf, isSpatial, plain, regroup } from './axes.js';
import {
  because,
  broadcast,
  elementwise,
  lost,
  mixing,
  numbersAt,
  onAxes,
  type Site,
  shifted,
  slid,
  sourceOf,
} from './site.js';
import { axesOf, divided, type ImageTrace, windowed } from './trace.js';

/** Operators that move elements about, and those that mix the elements of axes which an attribute or an input names. */

/** Axes that are an attribute or, in later opsets, an input; undefined where they are not known. */
function namedAxes(site: Site, rank: number, otherwise: readonly number[]): readonly number[] | undefined {
  const { attributes, inputs } = site.node;
  const [, input = ABSENT] = inputs;
  const stated = input === ABSENT ? intsOf(attributes, 'axes', []) : numbersAt(site, 1);
  if (stated === undefined) return undefined;
  return (stated.length > 0 ? stated : otherwise).map((axis) => axisOf(axis, rank));
}

/** ReduceMean and its kin, ArgMax included. */
export const reduction = onAxes((site, source, axes) => {
  const { attributes, opType } = site.node;
  const none = intOf(attributes, 'noop_with_empty_axes', 0) === 1 ? [] : [...axes.keys()];
  const reduced = opType.startsWith('Arg')
    ? [axisOf(intOf(attributes, 'axis', 0), axes.length)]
    : namedAxes(site, axes.length, none);
  if (reduced === undefined) return lost(site);
  const keeps = intOf(attributes, 'keepdims', 1) === 1;
  const left = axes.flatMap((axis, index): Axis[] =>
    reduced.includes(index) ? (keeps ? [[]] : []) : [axis],
  );
  const mixed = reduced.map((axis) => axes[axis]);
  return mixing(site, { ...source, axes: left }, mixed);
});

/** Mixes the elements of one axis, and of those behind it where `isRest`; the shape stays. */
export const along = (otherwise: number, isRest: boolean) =>
  onAxes((site, source, axes) => {
    const axis = axisOf(intOf(site.node.attributes, 'axis', otherwise), axes.length);
    return mixing(site, source, isRest ? axes.slice(axis) : [axes[axis]]);
  });

/** CumSum, whose axis is an input. */
export const running = onAxes((site, source, axes) => {
  const [axis] = numbersAt(site, 1) ?? [];
  return axis === undefined ? lost(site) : mixing(site, source, [axes[axisOf(axis, axes.length)]]);
});

/** Mixes the elements of all axes from the third on. */
export const normalization = onAxes((site, source, axes) => mixing(site, source, axes.slice(2)));

/** Its axes are batch and space if not given. */
export const meanVariance = onAxes((site, source, axes) => {
  const named = intsOf(site.node.attributes, 'axes', [0, 2, 3]);
  const mixed = named.map((axis) => axes[axisOf(axis, axes.length)]);
  return mixing(site, source, mixed);
});

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

export const transposition = onAxes((site, source, axes) => {
  const order = intsOf(site.node.attributes, 'perm', [...axes.keys()].reverse());
  return { ...source, axes: order.map((axis) => at(axes, axisOf(axis, axes.length))) };
});

/** Reshape, Flatten, Squeeze, Unsqueeze: another shape, and the elements in their order. */
export const reshaping = onAxes((site, source, from) => {
  const shape = site.output && numbers(site.output.shape);
  const regrouped = shape && regroup(from, shape, site.isLong);
  if (regrouped === undefined) return lost(site);
  const { axes, finer } = regrouped;
  return [...finer].reduce<ImageTrace>(
    (trace, [direction, count]) =>
      count === 1 ? trace : slid(trace, direction, (extent) => divided(extent, count)),
    { ...source, axes },
  );
});

export function concatenation(site: Site): ImageTrace {
  const operands = site.traces.map((trace, index) => axesOf(trace, site.types[index]));
  const known = operands.filter((axes) => axes !== undefined);
  const rank = known[0]?.length;
  if (rank === undefined || known.length < operands.length) return lost(site);
  if (known.some((axes) => axes.length !== rank)) return lost(site);
  const axis = axisOf(intOf(site.node.attributes, 'axis', 0), rank);
  if (known.some((axes) => isSpatial(axes[axis]))) return lost(site);
  const trace = elementwise(site);
  const axes = known.map((each) => each.with(axis, [])).reduce<readonly Axis[] | undefined>(broadcast, []);
  return axes === undefined ? lost(site) : { ...trace, axes: axes.with(axis, plain(Number.NaN)) };
}

export const splitting = onAxes((site, source, axes) => {
  const axis = axisOf(intOf(site.node.attributes, 'axis', 0), axes.length);
  return isSpatial(axes[axis]) ? lost(site) : { ...source, axes: axes.with(axis, plain(Number.NaN)) };
});

export const expansion = onAxes((site, source, axes) => {
  const shape = contentOf(site.types[1])?.map((size) => plain(size));
  return shape === undefined ? lost(site) : { ...source, axes: broadcast(shape, axes) };
});

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

export const slicing = onAxes((site, source, axes) => {
  const { attributes, inputs } = site.node;
  const stated = (name: string, index: number, otherwise: readonly number[]) =>
    inputs[index] ? numbersAt(site, index) : intsOf(attributes, name, otherwise);
  const [starts, ends, steps] = [stated('starts', 1, []), stated('ends', 2, []), stated('steps', 4, [])];
  if (!starts || !ends || !steps) return lost(site);
  const places = stated('axes', 3, [...starts.keys()]);
  if (places === undefined) return lost(site);
  let trace = source;
  for (const [index, place] of places.entries()) {
    const axis = axes[axisOf(place, axes.length)];
    if (!isSpatial(axis)) continue;
    const [start, end] = [at(starts, index), at(ends, index)];
    const step = steps.length > 0 ? at(steps, index) : 1;
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
});

/** MatMul and, for two matrices that may be transposed, Gemm. */
export function product(site: Site, operands: readonly [number, number] = [0, 1]): ImageTrace {
  const { attributes, opType } = site.node;
  const source = { ...sourceOf(site), isFormed: true };
  const [left, right] = operands.map((index) => axesOf(site.traces[index], site.types[index]));
  if (!left || !right || left.length < 2 || right.length < 2) return { ...lost(site), isFormed: true };
  const isGemm = opType === 'Gemm';
  const flipped = (axes: readonly Axis[], name: string) =>
    isGemm && intOf(attributes, name, 0) === 1 ? axes.toReversed() : axes;
  const [a, b] = [flipped(left, 'transA'), flipped(right, 'transB')];
  const batch = broadcast(a.slice(0, -2), b.slice(0, -2));
  const axes = batch && [...batch, ...a.slice(-2, -1), ...b.slice(-1)];
  const mixed = mixing(site, { ...source, axes }, [a.at(-1), b.at(-2)]);
  return axes === undefined ? because(mixed, site, 'unknown') : mixed;
}
