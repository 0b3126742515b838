import { basename } from 'node:path';
import { badImage } from '../../graph/common/errors.js';
import { swapsSides } from '../../runtime/images/files/exif.js';
import { readOrientation, readTruthImage } from '../../runtime/node/images/files.js';
import type { TruthImage } from '../../runtime/truth/truth-image.js';
import type { Pair } from './pairs.js';

type Size = Pick<TruthImage, 'width' | 'height'>;

const sizeText = ({ width, height }: Size) => `${width}x${height}`;

const orientationsOf = ({ image, mask }: Pair) =>
  Promise.all([readOrientation(image), readOrientation(mask)]);

/**
 * Reads the mask of an image whose upright size is known.
 * @throws NmodeError (BAD_IMAGE) also where the two differ in size
 */
export async function readTruthOf(pair: Pair, image: Size): Promise<TruthImage> {
  const stored = await readTruthImage(pair.mask);
  if (image.width === stored.width && image.height === stored.height) return stored;
  throw badImage(await sizesProblem(pair, image, stored));
}

/** Why an image and its mask, both upright, are not of one size, and what to do. */
async function sizesProblem(pair: Pair, image: Size, mask: Size): Promise<string> {
  const [turned, maskTurned] = await orientationsOf(pair);
  const after = (orientation: number) =>
    orientation === 1 ? '' : ` after its EXIF orientation ${orientation}`;
  const sizes = `${basename(pair.image)}: it is ${sizeText(image)}${after(turned)}, its mask ${sizeText(mask)}${after(maskTurned)}`;
  const swapped = image.width === mask.height && image.height === mask.width;
  if (!swapped || !(swapsSides(turned) || swapsSides(maskTurned))) {
    return `${sizes}: expected a mask of the image's size, resize it without blending`;
  }
  const as = swapsSides(turned) ? 'the mask as its image is turned' : 'the mask as its image is stored';
  return `${sizes}: one of the two is turned and the other is not, save ${as}`;
}

/**
 * Whether an image is turned otherwise than its mask although their sizes agree: by half a turn or mirrored, or square, so that
 * the sizes do not tell for which of the two the mask was drawn.
 */
export async function turnDoubt(pair: Pair, { width, height }: Size): Promise<boolean> {
  const [turned, maskTurned] = await orientationsOf(pair);
  return turned !== maskTurned && (width === height || swapsSides(turned) === swapsSides(maskTurned));
}
