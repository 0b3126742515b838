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
export const PIXEL: Extent = { step: 1, low: 0, high: 0 };

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
export function joined(a: Extent, b: Extent): Extent | undefined {
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
