import { NmodeError } from '../graph/errors.js';
import { cut } from './mask.js';
import type { Mask, RgbImage } from './raster.js';
import { RELEASE_SIDE, releaseRecipe } from './recipe.js';
import { resizeBilinear } from './resize.js';
import type { Floats, Session } from './session.js';

/** 4096 x 4096: activations of larger inputs fill the memory of any machine. */
const MAX_NETWORK_PIXELS = 2 ** 24;

/** Height and width at which a model takes an image. */
export function networkSize(session: Session): { height: number; width: number } {
  const [port, ...others] = session.inputs;
  const [batch, channels, height, width] = port?.shape ?? [];
  if (port === undefined || others.length > 0 || port.shape.length !== 4 || channels !== 3) {
    throw new NmodeError(
      'BAD_MODEL',
      `the model takes [${port?.shape ?? ''}], expected one image [N, 3, H, W]`,
    );
  }
  if (typeof batch === 'number' && batch !== 1) {
    throw new NmodeError(
      'BAD_MODEL',
      `the model takes ${batch} images at a time, expected 1 or an open batch`,
    );
  }
  const side = (size: number | string | undefined) => (typeof size === 'number' ? size : RELEASE_SIDE);
  const size = { height: side(height), width: side(width) };
  if (size.height * size.width > MAX_NETWORK_PIXELS) {
    throw new NmodeError(
      'BAD_MODEL',
      `the model takes ${size.height} x ${size.width} pixels, more than can be held`,
    );
  }
  return size;
}

/** One plane of [1, classes, height, width]. */
function plane({ dims, data }: Floats, index: number) {
  const [, , height = 0, width = 0] = dims;
  const size = height * width;
  return { height, width, channels: 1, data: data.subarray(index * size, (index + 1) * size) };
}

/**
 * Segments an image with the release's recipe: pre-process, run, bring the probabilities back to the image's own size,
 * cut.
 * @returns one mask a class
 */
export async function segment(
  session: Session,
  image: RgbImage,
  threshold: number,
): Promise<readonly Mask[]> {
  const { height, width } = networkSize(session);
  const [port] = session.inputs;
  const [output] = session.outputs;
  const prepared = releaseRecipe(image, width, height);
  const results = await session.run({ [port?.name ?? '']: prepared });
  const probabilities = results[output?.name ?? ''];
  if (probabilities?.dims.length !== 4) {
    throw new NmodeError(
      'BAD_MODEL',
      `the model gives [${probabilities?.dims ?? ''}], expected [N, classes, H, W]`,
    );
  }
  return Array.from({ length: probabilities.dims[1] ?? 0 }, (_, index) =>
    cut(resizeBilinear(plane(probabilities, index), image.width, image.height), threshold),
  );
}
