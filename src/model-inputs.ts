import { fileURLToPath } from 'node:url';
import { NmodeError } from '../graph/errors.js';
import { type Model, outlineOf } from '../graph/model.js';
import type { Recipe } from '../graph/recipe.js';
import { formOf } from '../runtime/form.js';
import { Job } from '../runtime/images/job.js';
import { naming } from '../runtime/naming.js';
import { readImage } from '../runtime/node/images/files.js';
import type { Inputs } from '../runtime/sessions/tensors.js';
import { findImages } from './find-images.js';

/** Photographs that come with the package, for models that nobody gave others for. */
export const BUNDLED_IMAGES = fileURLToPath(new URL('../images', import.meta.url));

/** More images tell nothing new of a range or of a difference, and each is run many times. */
const MAX_IMAGES = 64;

/**
 * What a model is given for the images of a folder, prepared as its recipe says; the first windows of large ones where it keeps
 * their size.
 * @throws NmodeError: BAD_IMAGE, BAD_MODEL for a model that takes no images
 */
export async function modelInputs(
  model: Model,
  name: string,
  folder: string,
  recipe?: Partial<Recipe>,
): Promise<readonly Inputs[]> {
  const outline = outlineOf(model);
  const form = naming(name, () => formOf(outline, recipe ? { recipe } : {}));
  const [input] = outline.inputs;
  const files = await findImages(folder);
  if (input === undefined || files.length === 0)
    throw new NmodeError('BAD_IMAGE', `${folder}: it holds no image`);
  const inputs: Inputs[] = [];
  // Spread over the folder, where there are more than needed.
  const step = Math.max(1, files.length / MAX_IMAGES);
  for (let at = 0; at < files.length; at += step) {
    const image = await readImage(files[Math.floor(at)] ?? '');
    inputs.push({ [input.name]: new Job(image, form).input(0) });
  }
  return inputs;
}
