import { badImage } from '../../graph/common/errors.js';
import { perChannel, stepsOf } from '../../graph/recipe/normalization.js';
import type { Recipe } from '../../graph/recipe/recipe.js';
import { channelOf, emptyAs, type ImageRaster, type Probabilities } from '../common/raster.js';
import { MAX_SAMPLES } from './channels.js';
import type { Size } from './courses/course.js';
import { roundHalfEven } from './courses/sliding.js';
import type { Window } from './courses/tiles.js';
import { levelsOf } from './levels.js';
import { normalized } from './prepare.js';
import { type Rows, resizeBilinear, rowsOf } from './resize.js';
import { resampled } from './spline.js';
import { turn } from './turn.js';

/** The size of a pixel. */
export interface PixelSize {
  readonly height: number;
  readonly width: number;
}

/** An image as it is when its size is changed to the network's, and the way back of what the network gives. */
export interface Frame {
  /** Normalized, and resampled; made when the first is read. */
  readonly rows: Rows;
  /** At the size that the image has once it is cropped. */
  back(result: Probabilities): Probabilities;
  /** In the image's place. @param outside the class of what was cropped, if any */
  pasted(probabilities: Probabilities, outside: number | undefined): Probabilities;
}

/**
 * @param pixel the size of a pixel of the image
 * @throws NmodeError (BAD_IMAGE) for one of more samples than fit at the recipe's spacing
 */
export function frameOf(image: ImageRaster, recipe: Omit<Recipe, 'sizing'>, pixel: PixelSize): Frame {
  const upright = recipe.transpose ? turn(image, TRANSPOSED) : image;
  const inside = recipe.crop && foregroundOf(upright);
  const whole = { x: 0, y: 0, width: upright.width, height: upright.height };
  const box = inside ? boxOf(inside, upright.width) : whole;
  const cut = cropped(upright, box);
  const size = sizeAt(cut, recipe, recipe.transpose ? { height: pixel.width, width: pixel.height } : pixel);
  const rows = lazily({ ...size, channels: image.channels }, () => {
    const { normalization, spacing } = recipe;
    const isMasked = perChannel(normalization)
      .flatMap(stepsOf)
      .some((step) => 'over' in step && step.over === 'foreground');
    const foreground = isMasked ? foregroundOf(cut) : undefined;
    const prepared = normalized(cut, levelsOf(cut, normalization, foreground), foreground);
    const isOfSize = size.width === cut.width && size.height === cut.height;
    return spacing === undefined || isOfSize
      ? prepared
      : rowsOf(resampled(prepared, size.width, size.height, spacing.order));
  });
  return {
    rows,
    back: (result) => resizedPlanes(result, cut.width, cut.height),
    pasted: (probabilities, outside) => {
      const placed = inside ? inPlace(probabilities, box, whole, outside) : probabilities;
      return recipe.transpose ? transposed(placed) : placed;
    },
  };
}

/** 1 for pixels of which some channel is not 0, and 0 for the others. */
function foregroundOf({ width, height, channels, data }: ImageRaster): Uint8Array {
  const inside = new Uint8Array(width * height);
  for (let pixel = 0, from = 0; pixel < inside.length; pixel++, from += channels) {
    for (let i = from; i < from + channels && inside[pixel] === 0; i++) if (data[i] !== 0) inside[pixel] = 1;
  }
  return inside;
}

/** The smallest rectangle around what is inside; the whole image where nothing is. */
function boxOf(inside: Uint8Array, width: number): Window {
  const height = inside.length / width;
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let y = 0; y < height; y++) {
    const row = inside.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(1);
    if (first < 0) continue;
    [left, right] = [Math.min(left, first), Math.max(right, row.lastIndexOf(1) + 1)];
    [top, bottom] = [Math.min(top, y), y + 1];
  }
  return bottom === 0
    ? { x: 0, y: 0, width, height }
    : { x: left, y: top, width: right - left, height: bottom - top };
}

/** A rectangle of an image. */
function cropped(image: ImageRaster, { x, y, width, height }: Window): ImageRaster {
  if (width === image.width && height === image.height) return image;
  const { channels, data: from } = image;
  const data = emptyAs(from, width * height * channels);
  for (let row = 0; row < height; row++) {
    const start = ((y + row) * image.width + x) * channels;
    data.set(from.subarray(start, start + width * channels), row * width * channels);
  }
  return { ...image, width, height, data };
}

/** EXIF's orientation of which the transposed image is upright. */
const TRANSPOSED = 5;

/** The size at the recipe's spacing. */
function sizeAt(
  { width, height, channels }: ImageRaster,
  { spacing }: Pick<Recipe, 'spacing'>,
  pixel: PixelSize,
) {
  if (spacing === undefined) return { width, height };
  const along = (axis: 'width' | 'height', length: number) =>
    Math.max(1, roundHalfEven((pixel[axis] / spacing[axis]) * length));
  const size = { width: along('width', width), height: along('height', height) };
  if (size.width * size.height * channels > MAX_SAMPLES) {
    throw badImage(
      `the image: ${width}x${height} at ${pixel.width} x ${pixel.height} a pixel become ${size.width}x${size.height} at the model's ${spacing.width} x ${spacing.height}, more than ${MAX_SAMPLES / 1e6} million samples`,
    );
  }
  return size;
}

function lazily(size: Omit<Rows, 'read'>, make: () => Rows): Rows {
  let made: Rows | undefined;
  return {
    ...size,
    read: (...row) => {
      made ??= make();
      made.read(...row);
    },
  };
}

/** Each plane at another size, linearly. */
export function resizedPlanes(planes: Probabilities, width: number, height: number): Probabilities {
  if (planes.width === width && planes.height === height) return planes;
  const { classes } = planes;
  const size = width * height;
  const data = new Float32Array(classes * size);
  for (let index = 0; index < classes; index++) {
    data.set(resizeBilinear(channelOf(planes, index), width, height).data, index * size);
  }
  return { classes, width, height, data };
}

/** Where an image lay in another of which it is a part. @param outside the class of the rest */
function inPlace(
  { classes, width, height, data: from }: Probabilities,
  place: Window,
  whole: Size,
  outside: number | undefined,
): Probabilities {
  const size = whole.width * whole.height;
  const data = new Float32Array(classes * size);
  if (outside !== undefined) data.fill(1, outside * size, (outside + 1) * size);
  for (let index = 0; index < classes; index++) {
    for (let row = 0; row < height; row++) {
      const source = (index * height + row) * width;
      const target = index * size + (place.y + row) * whole.width + place.x;
      data.set(from.subarray(source, source + width), target);
    }
  }
  return { classes, ...whole, data };
}

function transposed({ classes, width, height, data: from }: Probabilities): Probabilities {
  const data = new Float32Array(from.length);
  const size = width * height;
  for (let index = 0; index < data.length; index++) {
    const pixel = index % size;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    data[index - pixel + x * height + y] = from[index] as number;
  }
  return { classes, width: height, height: width, data };
}
