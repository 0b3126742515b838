import { leastCommonMultiple } from '../../common/multiples.js';
import type { ValueType } from '../../ir/value.js';
import { type Axis, type Direction, plain } from './axes.js';
import { type Extent, joined, PIXEL } from './extent.js';

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

/**
 * What comes from several values; the axes are those of the first. `cause` is that of elements which do not lie at the same
 * places.
 */
export function together(
  [first, ...others]: readonly [ImageTrace, ...ImageTrace[]],
  cause: Cause,
): ImageTrace {
  return others.reduce((a, b) => pair(a, b, cause), first);
}

function pair(a: ImageTrace, b: ImageTrace, cause: Cause): ImageTrace {
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
