import { leastCommonMultiple } from '../../common/multiples.js';
import type { ValueType } from '../../ir/value.js';
import { type Axis, type Direction, plain } from './axes.js';

/**
 * What the elements of a tensor are computed from, along one direction: element i from the pixels `step * i + low` up to
 * `step * i + high` of the image.
 */
export interface Extent {
  readonly step: number;
  readonly low: number;
  readonly high: number;
}

/** The image itself. */
const PIXEL: Extent = { step: 1, low: 0, high: 0 };

/** Element i now comes from the elements `stride * i + first` up to `stride * i + last`. */
export function windowed({ step, low, high }: Extent, stride: number, first: number, last: number): Extent {
  return { step: step * stride, low: low + step * first, high: high + step * last };
}

/** Each element becomes several, or (below 1) several become one. */
export function divided(extent: Extent, count: number): Extent {
  return count >= 1
    ? windowed(extent, 1 / count, -(count - 1) / count, 0)
    : windowed(extent, 1 / count, 0, 1 / count - 1);
}

/** Of what is computed from both; undefined where their elements do not lie at the same places. */
function joined(a: Extent, b: Extent): Extent | undefined {
  if (Math.abs(a.step - b.step) > 1e-9 * a.step) return undefined;
  return { step: a.step, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

/** A step is a fraction with a denominator up to this. */
const MAX_DENOMINATOR = 64;

/** The pixels after which elements lie at the same places of pixels again; undefined where there are no few. */
export function periodOf({ step }: Extent): number | undefined {
  for (let denominator = 1; denominator <= MAX_DENOMINATOR; denominator++) {
    const period = Math.round(step * denominator);
    if (period > 0 && Math.abs(period - step * denominator) < 1e-6) return period;
  }
  return undefined;
}

/** A node that keeps a value from being a function of a window of the image, and how. */
export interface Cause {
  /**
   * - `whole`: it looks at the whole image;
   * - `size`: what it gives depends on how large the image is, or on where in it a pixel is;
   * - `unknown`: how far it looks is not known.
   */
  readonly kind: 'whole' | 'size' | 'unknown';
  readonly node: string;
  readonly opType: string;
}

/** How a value follows from the image. */
export type Trace =
  /** Not at all. */
  | { readonly kind: 'constant' }
  /** From its size alone. */
  | { readonly kind: 'size' }
  | ImageTrace;

export interface ImageTrace {
  readonly kind: 'image';
  /** Where the directions of the image are; undefined where that is not known. */
  readonly axes: readonly Axis[] | undefined;
  readonly extents: Readonly<Record<Direction, Extent>>;
  /** The first node because of which the extents are not all; undefined where they are. */
  readonly cause?: Cause;
  /** Whether a convolution or a matrix product lies between: what has none is the image prepared. */
  readonly isFormed: boolean;
  /** Tiles of the image must begin at multiples of this, so that strides see the same places; undefined where at none. */
  readonly period: number | undefined;
}

export const CONSTANT: Trace = { kind: 'constant' };
/** As large as the image, with one value all over. */
export const UNIFORM: Trace = { kind: 'constant' };
export const SIZE: Trace = { kind: 'size' };

/** The image [N, C, H, W] itself. */
export function imageTrace(height: number, width: number, channels: number): ImageTrace {
  return {
    kind: 'image',
    axes: [[], plain(channels), [{ size: height, along: 'H' }], [{ size: width, along: 'W' }]],
    extents: { H: PIXEL, W: PIXEL },
    isFormed: false,
    period: 1,
  };
}

/** The axes of an operand: those that it has from the image, or as many as its shape has. */
export function axesOf(trace: Trace | undefined, type: ValueType | undefined): readonly Axis[] | undefined {
  if (trace?.kind === 'image') return trace.axes;
  return type?.shape.map((size) => plain(size));
}

/** What comes from two values; the axes are those of the first. `cause` is that of elements which do not lie at the same places. */
export function together(a: ImageTrace, b: ImageTrace, cause: Cause): ImageTrace {
  const [H, W] = [joined(a.extents.H, b.extents.H), joined(a.extents.W, b.extents.W)];
  const found = a.cause ?? b.cause ?? (H && W ? undefined : cause);
  return {
    kind: 'image',
    axes: a.axes,
    extents: { H: H ?? a.extents.H, W: W ?? a.extents.W },
    ...(found && { cause: found }),
    isFormed: a.isFormed || b.isFormed,
    period: commonPeriod(a.period, b.period),
  };
}

/** The least common multiple, while that is no larger than an image. */
export function commonPeriod(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  const multiple = leastCommonMultiple(a, b);
  return multiple <= 2 ** 16 ? multiple : undefined;
}
