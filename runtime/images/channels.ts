import { badImage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { GREYS, type Grey } from '../../graph/common/recipe.js';
import type { ImageRaster, RgbImage } from '../common/raster.js';

/** The channels that a model takes. */
export interface Channels {
  readonly channels: number;
  /** What one channel is made of where an image has colours; without, such an image is refused. */
  readonly grey?: Grey | undefined;
}

/** Those of a colour image. */
export const RGB: Channels = { channels: 3 };

const GREY_WAYS = GREYS.map((way) => option('grey', way)).join(' or ');

const counted = (channels: number) => (channels === 1 ? '1 channel' : `${channels} channels`);

/**
 * The image with the channels that a model takes: grey becomes three equal ones, colours one by `grey`.
 * @param name what messages call the image
 * @throws NmodeError (BAD_IMAGE) for one of other channels
 */
export function withChannels(image: ImageRaster, wanted: Channels, name = 'the image'): ImageRaster {
  const { channels, grey } = wanted;
  if (image.channels === channels) return image;
  if (image.channels === 1 && channels === 3) return inRgb(image);
  if (image.channels === 3 && channels === 1) {
    if (grey !== undefined) return inGrey(image, grey);
    throw badImage(
      `${name}: it is RGB, the model takes one grey channel: say what that is made of with ${GREY_WAYS}`,
    );
  }
  const way =
    channels > 1
      ? `: give the files of its channels with --inputs, or a TIFF of ${channels} grey pages`
      : ': give a grey image';
  throw badImage(`${name}: it has ${counted(image.channels)}, the model takes ${channels}${way}`);
}

/** Three equal channels of the first one: how an image of other channels than red, green and blue is shown. */
export function inRgb(image: ImageRaster): RgbImage {
  const { width, height, channels, data: from } = image;
  if (channels === 3) return { ...image, channels };
  const data = emptyAs(from, 3 * width * height);
  for (let pixel = 0, to = 0; to < data.length; pixel += channels) {
    const value = from[pixel] as number;
    data[to++] = value;
    data[to++] = value;
    data[to++] = value;
  }
  return { ...image, channels: 3, data };
}

/** ITU-R BT.601 luma in 16 bits of fraction, as Pillow's `convert('L')` has it. */
const LUMA = [19595, 38470, 7471] as const;
const LUMA_ONE = 2 ** 16;

/** One channel of an RGB image. */
export function inGrey(image: ImageRaster, grey: Grey): ImageRaster {
  const { data: from } = image;
  const data = emptyAs(from, from.length / 3);
  const [red, green, blue] = LUMA;
  for (let pixel = 0, at = 0; pixel < data.length; pixel++, at += 3) {
    const first = from[at] as number;
    // Doubles: samples of 16 bits pass what 32 can hold.
    data[pixel] =
      grey === 'red'
        ? first
        : (first * red + (from[at + 1] as number) * green + (from[at + 2] as number) * blue + LUMA_ONE / 2) /
          LUMA_ONE;
  }
  return { ...image, channels: 1, data };
}

function emptyAs(like: ImageRaster['data'], length: number): ImageRaster['data'] {
  return like instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
}
