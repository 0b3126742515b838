import type { Mask, RgbImage } from '../../runtime/common/raster.js';
import { toEightBits } from '../../runtime/images/depth.js';
import { drawOutline } from '../../runtime/images/draw.js';
import { resizeBilinear } from '../../runtime/images/resize.js';
import { thresholded } from '../../runtime/masks/threshold.js';
import { encodePng } from '../../runtime/node/images/files.js';
import type { Rgb } from '../../runtime/truth/truth-image.js';

/** How wide and high pictures are at most. */
const PICTURE_WIDTH = 320;
const MAX_PICTURE_HEIGHT = 480;

/** Masks of one image in one colour. */
export interface Outline {
  readonly masks: readonly Mask[];
  readonly colour: Rgb;
}

/** The image, small, with the outlines of masks, the last over the others; PNG. Masks may be of another size than the image. */
export async function outlinedPng(image: RgbImage, outlines: readonly Outline[]): Promise<Uint8Array> {
  const scale = Math.min(PICTURE_WIDTH / image.width, MAX_PICTURE_HEIGHT / image.height);
  const scaled = (side: number) => Math.max(1, Math.round(side * scale));
  const [width, height] = [scaled(image.width), scaled(image.height)];
  const shrink = (from: Mask) => thresholded(resizeBilinear(from, width, height), 127.5);
  const bytes = { ...image, data: toEightBits(image, true) };
  const small: RgbImage = {
    ...{ width, height, channels: 3 },
    data: Uint8Array.from(resizeBilinear(bytes, width, height).data, Math.round),
  };
  const drawn = outlines.reduce(
    (under, { masks, colour }) =>
      masks.reduce((on, mask) => drawOutline(on, shrink(mask), { colour }), under),
    small,
  );
  return encodePng(drawn);
}

export const colourText = (rgb: readonly number[]) => `rgb(${rgb.join(', ')})`;

/** A picture that stands in a page, as its file would. */
export const pngSource = (png: Uint8Array) => `data:image/png;base64,${Buffer.from(png).toString('base64')}`;

/** For pictures beside each other. */
export const PICTURES_STYLE = `  .pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
  img { display: block; max-width: 100%; }`;
