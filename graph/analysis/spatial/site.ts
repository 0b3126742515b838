import { ABSENT, type Node } from '../../ir/model.js';
import { numbersIn, type ValueType } from '../../ir/value.js';
import { matchedAxes } from '../../ops/elementwise.js';
import { type Axis, type Direction, isSpatial, matched } from './axes.js';
import {
  axesOf,
  type Cause,
  commonPeriod,
  type Extent,
  type ImageTrace,
  periodOf,
  type Trace,
  together,
  windowed,
} from './trace.js';

/** A node that reads something of the image, with what is known of its operands. */
export interface Site {
  readonly node: Node;
  readonly opset: number;
  readonly traces: readonly (Trace | undefined)[];
  readonly types: readonly (ValueType | undefined)[];
  /** Of the first output. */
  readonly output: ValueType | undefined;
  /** Whether so many elements may be all along a direction: see `regroup`. */
  readonly isLong: (size: number, along: Direction) => boolean;
}

export function causeOf({ node: { name, domain, opType, outputs } }: Site, kind: Cause['kind']): Cause {
  const [output = ABSENT] = outputs;
  return {
    kind,
    node: name === '' ? output : name,
    opType: domain === '' ? opType : `${domain}.${opType}`,
  };
}

/** What all operands together come from; the axes are those of the first that is of the image. */
export function sourceOf(site: Site): ImageTrace {
  const [first, ...others] = site.traces.filter((trace) => trace?.kind === 'image');
  if (first === undefined) throw new TypeError(`node '${site.node.name}' reads nothing of the image`);
  return others.reduce((a, b) => together(a, b, causeOf(site, 'unknown')), first);
}

/** A value with a cause why its extents are not all; the first one stays. */
export function because(trace: ImageTrace, site: Site, kind: Cause['kind']): ImageTrace {
  return trace.cause ? trace : { ...trace, cause: causeOf(site, kind) };
}

/** A value of which not even the axes are known. */
export function lost(site: Site, kind: Cause['kind'] = 'unknown'): ImageTrace {
  return { ...because(sourceOf(site), site, kind), axes: undefined };
}

/** An operator that is followed where the axes of what it reads are known, and lost where they are not. */
export const onAxes =
  (follow: (site: Site, source: ImageTrace, axes: readonly Axis[]) => ImageTrace) =>
  (site: Site): ImageTrace => {
    const source = sourceOf(site);
    return source.axes === undefined ? lost(site) : follow(site, source, source.axes);
  };

/** A value where each element along a direction comes from a window of elements. */
export function slid(trace: ImageTrace, along: Direction, change: (extent: Extent) => Extent): ImageTrace {
  const extent = change(trace.extents[along]);
  const period = commonPeriod(trace.period, periodOf(extent));
  return { ...trace, extents: { ...trace.extents, [along]: extent }, period };
}

/** Elements of a direction that come one by one from those `shift` before them. */
export const shifted = (trace: ImageTrace, along: Direction, shift: number): ImageTrace =>
  slid(trace, along, (extent) => windowed(extent, 1, shift, shift));

/** An operator that takes its operands element by element, matched from the last axis. */
export function elementwise(site: Site): ImageTrace {
  const source = sourceOf(site);
  const operands = site.traces.flatMap((trace, index) =>
    trace === undefined ? [] : [{ trace, axes: axesOf(trace, site.types[index]) }],
  );
  if (operands.some(({ trace, axes }) => trace.kind === 'image' && axes === undefined)) {
    return { ...because(source, site, 'unknown'), axes: undefined };
  }
  const axes = operands
    .map((operand) => operand.axes ?? [])
    .reduce<readonly Axis[] | undefined>(broadcast, []);
  return { ...(axes === undefined ? because(source, site, 'unknown') : source), axes };
}

/** Axes matched from the last; undefined where two follow the image differently. */
export function broadcast(
  left: readonly Axis[] | undefined,
  right: readonly Axis[],
): readonly Axis[] | undefined {
  if (left === undefined) return undefined;
  const axes = matchedAxes<Axis>(left, right, []).map((pair) => matched(...pair));
  return axes.every((axis) => axis !== undefined) ? axes : undefined;
}

/** An operator that mixes all elements of some axes; `trace` is as it is without. */
export function mixing(site: Site, trace: ImageTrace, mixed: readonly (Axis | undefined)[]): ImageTrace {
  return mixed.some(isSpatial) ? because(trace, site, 'whole') : trace;
}

/** The whole numbers that an operand holds, where they are known. */
export const numbersAt = ({ types }: Site, index: number): readonly number[] | undefined =>
  numbersIn(types[index]);
