import { at } from '../common/at.js';

/** The place in an axis of `from` pixels that a pixel of `to` is taken from, by `coordinate_transformation_mode`. */
const PLACES = {
  half_pixel: (pixel: number, scale: number) => (pixel + 0.5) / scale - 0.5,
  pytorch_half_pixel: (pixel: number, scale: number, _: number, to: number) =>
    to > 1 ? (pixel + 0.5) / scale - 0.5 : 0,
  align_corners: (pixel: number, _: number, from: number, to: number) =>
    to > 1 ? (pixel * (from - 1)) / (to - 1) : 0,
  asymmetric: (pixel: number, scale: number) => pixel / scale,
} as const;

/** The pixel that is nearest to a place, by `nearest_mode`. */
const ROUNDINGS = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (place: number) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place: number) => Math.floor(place + 0.5),
} as const;

/** How ONNX Resize finds an output pixel's place in the input, and which pixels it takes there. */
export interface Interpolation {
  readonly mode: 'linear' | 'nearest';
  readonly coordinates: keyof typeof PLACES;
  readonly rounding: keyof typeof ROUNDINGS;
}

/** What attributes of Resize say, where it is one of these. */
export function interpolationOf(
  mode: string,
  coordinates: string,
  rounding: string,
): Interpolation | undefined {
  const isKnown = mode === 'linear' || mode === 'nearest';
  if (!isKnown || !isKeyOf(PLACES, coordinates) || !isKeyOf(ROUNDINGS, rounding)) return undefined;
  return { mode, coordinates, rounding };
}

const isKeyOf = <T extends object>(table: T, key: string): key is keyof T & string =>
  Object.hasOwn(table, key);

/**
 * Resize of one axis as a matrix, row by row [to, from]: each pixel of the result is a weighted mean of pixels of the input.
 * @param scale that of the operator, which sizes that were rounded do not tell
 */
export function interpolationMatrix(
  from: number,
  to: number,
  scale: number,
  { mode, coordinates, rounding }: Interpolation,
): Float64Array {
  const weights = new Float64Array(to * from);
  const inside = (place: number) => Math.min(Math.max(place, 0), from - 1);
  for (let pixel = 0; pixel < to; pixel++) {
    const free = PLACES[coordinates](pixel, scale, from, to);
    const row = weights.subarray(pixel * from, (pixel + 1) * from);
    if (mode === 'nearest') {
      row[inside(ROUNDINGS[rounding](free))] = 1;
      continue;
    }
    const place = inside(free);
    const low = Math.floor(place);
    // At the border both neighbours are the same.
    const high = Math.min(low + 1, from - 1);
    row[low] = 1 - (place - low);
    row[high] = at(row, high) + place - low;
  }
  return weights;
}
