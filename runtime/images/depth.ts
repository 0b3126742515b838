import { badUsage } from '../../graph/common/errors.js';
import {
  isAbsolute,
  type Normalization,
  type NormalizationStep,
  stepsOf,
} from '../../graph/recipe/normalization.js';
import type { ImageRaster } from '../common/raster.js';

/** Bits of a sample. */
export type Depth = 8 | 16;

/** What 16 bits hold for each step of 8: 65535 / 255. */
const STEP = 257;

/**
 * Samples of the depth that a model takes which prepares images itself. Where the numbers that are stored count, they stay;
 * else 8 bits are spread over 16, and 16 divided by 257 and rounded, or stretched where the recipe looks at their range alone.
 * @throws NmodeError (BAD_USAGE) where the stored numbers count and are of 16 bits, and the model takes 8
 */
export function withDepth(
  image: ImageRaster,
  depth: Depth,
  normalization: Normalization,
): Uint8Array | Uint16Array {
  const { data } = image;
  if (depth === 16) {
    if (data instanceof Uint16Array) return data;
    const factor = isAbsolute(normalization) ? 1 : STEP;
    return Uint16Array.from(data, (value) => factor * value);
  }
  if (data instanceof Uint8Array) return data;
  if (isAbsolute(normalization)) {
    throw badUsage(
      'the image has 16 bits a sample, the model takes 8 and looks at stored values: export it with `imageBits: 16`',
    );
  }
  return toEightBits(image, isOfRange(normalization));
}

/**
 * An image of 16 bits in the 8 that a screen shows, by the window that its recipe begins with; any other as it is.
 */
export function asWindowed(image: ImageRaster, normalization: Normalization): ImageRaster {
  const first = firstOf(normalization);
  if (first?.kind !== 'window' || image.data instanceof Uint8Array) return image;
  const low = first.centre - first.width / 2;
  const data = Uint8Array.from(image.data, (value) =>
    Math.round(255 * Math.min(Math.max((value - low) / first.width, 0), 1)),
  );
  return { ...image, data };
}

/**
 * What is to be told of an image with more bits than its recipe expects, or of which the window or bounds that its recipe begins with leave one value: it may be stored
 * otherwise than the recipe expects, as of 8 bits instead of 16.
 */
export function outsideWarning({ data }: ImageRaster, normalization: Normalization): string | undefined {
  const first = firstOf(normalization);
  if (first?.kind === 'unit' && first.bits !== undefined) {
    const [most, [, largest]] = [2 ** first.bits - 1, range(data)];
    return largest > most
      ? `its samples are up to ${largest}, its recipe expects ${most} at most (${first.bits} bits)`
      : undefined;
  }
  const bounds = first === undefined ? undefined : boundsOf(first);
  if (bounds === undefined) return undefined;
  const [low, high] = bounds;
  const [min, max] = range(data);
  if (max > low && min < high) return undefined;
  return `its samples are from ${min} to ${max}, its recipe looks at ${low} to ${high} alone: all of it becomes one value`;
}

/** All that is to be told of an image that a recipe prepares. */
export function warningsOf(image: ImageRaster, normalization: Normalization): readonly string[] {
  const outside = outsideWarning(image, normalization);
  return [...(image.warnings ?? []), ...(outside === undefined ? [] : [outside])];
}

/** The step that all channels begin with. */
const firstOf = (normalization: Normalization): NormalizationStep | undefined =>
  normalization.kind === 'channels' ? undefined : stepsOf(normalization)[0];

function boundsOf(step: NormalizationStep): readonly [low: number, high: number] | undefined {
  if (step.kind === 'clip') return [step.low, step.high];
  if (step.kind === 'window') return [step.centre - step.width / 2, step.centre + step.width / 2];
  return undefined;
}

/** Whether it gives the same of samples that are stretched. */
const isOfRange = (normalization: Normalization): boolean =>
  (normalization.kind === 'min-max' || normalization.kind === 'z-score') && normalization.over !== 'nonzero';

/** Eight bits a sample. @param stretched 16 bits from their smallest to their largest value, and not from 0 to 65535 */
export function toEightBits({ data }: ImageRaster, stretched: boolean): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const [min, max] = stretched ? range(data) : [0, 65535];
  const width = Math.max(max - min, 1);
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round((255 * ((data[i] as number) - min)) / width);
  return bytes;
}

/** The smallest and the largest sample. */
function range(samples: ImageRaster['data']): readonly [number, number] {
  // Small integers from the start: infinities would make every comparison one of doubles.
  let [min, max] = [65535, 0];
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}
