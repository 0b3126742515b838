import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { at } from '../../graph/common/at.js';
import { badImage } from '../../graph/common/errors.js';
import { type Model, type Outline, outlineOf } from '../../graph/ir/model.js';
import { inImageForm } from '../../graph/lifting/image-form.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { axesOf, type Layout } from '../../graph/recipe/layout.js';
import { RECIPE_KEY, type Recipe } from '../../graph/recipe/recipe.js';
import { naming } from '../../runtime/common/naming.js';
import type { ImageRaster } from '../../runtime/common/raster.js';
import { withChannels } from '../../runtime/images/channels.js';
import { warningsOf } from '../../runtime/images/depth.js';
import { Job, type ModelSpec } from '../../runtime/images/job.js';
import { type ImageSpecOptions, imageSpecOf } from '../../runtime/input-spec.js';
import { INDEPENDENT } from '../../runtime/masks/classes.js';
import { readChannels } from '../../runtime/node/images/channels.js';
import { readImage } from '../../runtime/node/images/files.js';
import type { Bytes, Floats, Inputs } from '../../runtime/sessions/tensors.js';
import { warningLines } from '../files/file-warnings.js';
import { findImages } from '../files/find-images.js';
import { completeCases } from '../files/image-cases.js';
import type { ImageSize } from './difference.js';

/** Photographs that come with the package, for models that nobody gave others for. */
export const BUNDLED_IMAGES = fileURLToPath(new URL('../../images', import.meta.url));

/** More images tell nothing new of a range or of a difference, and each is run many times. */
const MAX_IMAGES = 64;

/** What is said of the images of examples. */
export interface ExampleOptions
  extends Pick<ImageSpecOptions, 'recipe' | 'window' | 'grey' | 'layout' | 'strictRecipe'> {
  readonly inputs?: readonly string[];
  /** How many images are taken at most, spread over the folder; default 64. */
  readonly mostImages?: number;
}

/** How images were prepared, and who said so: the caller, the model's metadata, or nobody, so that it is the release's way. */
export interface UsedRecipe {
  readonly recipe: Recipe;
  readonly from: 'options' | 'model' | 'release';
  readonly assumed: readonly Assumption[];
}

/** What a model is given for images. */
export interface Examples extends UsedRecipe {
  /** How many images there are. */
  readonly images: number;
  readonly feeds: readonly Inputs[];
  /** The files of each of the feeds, as messages call them. */
  readonly names: readonly string[];
  /** What was skipped or assumed when these were read, one line each. */
  readonly warnings: readonly string[];
  /** The sizes of the images of each of the feeds. */
  readonly sizes: readonly ImageSize[];
  /** The same for images that are not typical, of the size of these. */
  readonly extremes: readonly { readonly name: string; readonly feed: Inputs }[];
}

/**
 * What a model is given for the images of a folder, prepared as its recipe says; the first windows of large ones where it keeps
 * their size. A model of a fixed batch is given as many images at a time, from the first again where they end.
 * @throws NmodeError: BAD_IMAGE, BAD_MODEL for a model that takes no images
 */
export async function examplesFor(
  model: Model,
  name: string,
  folder: string,
  options: ExampleOptions = {},
): Promise<Examples> {
  const fed = inImageForm(model);
  const { batch, ...outline } = oneByOne(outlineOf(fed));
  // What is said of where the model has channels does not hold of one that was turned.
  const { layout, mostImages = MAX_IMAGES, ...said } = options;
  const shapeOf = ({ inputs: [first] }: Outline) => String(first?.type?.shape);
  const isTurned = shapeOf(outlineOf(fed)) !== shapeOf(outlineOf(model));
  const form = naming(name, () => imageSpecOf(outline, { ...said, ...(layout && !isTurned && { layout }) }));
  // What the model gives is not looked at.
  const spec: ModelSpec = { ...form, classes: INDEPENDENT, outputLayout: form.layout };
  const [input] = outline.inputs;
  const files: readonly (string | readonly string[])[] =
    options.inputs && folder !== BUNDLED_IMAGES
      ? (await completeCases(folder, options.inputs)).map(({ files }) => files)
      : await findImages(folder);
  if (input === undefined || files.length === 0) throw badImage(`${folder}: it holds no image`);
  // Spread over the folder, where there are more than needed.
  const step = Math.max(1, files.length / mostImages);
  const images = Math.min(files.length, mostImages);
  const fileOf = (image: number) => at(files, Math.floor((image % images) * step));
  const warned = new Map<string, readonly string[]>();
  const read = async (files: string | readonly string[]) => {
    if (folder === BUNDLED_IMAGES && typeof files === 'string') return bundledImage(files, form.channels);
    const image = await readChannels(files, form);
    warned.set(nameOf(files), warningsOf(image, form.recipe.normalization));
    return image;
  };
  const [batches, names]: [(Floats | Bytes)[], string[]] = [[], []];
  for (let first = 0; first < images; first += batch) {
    const paths = Array.from({ length: batch }, (_, offset) => fileOf(first + offset));
    const inputs: (Floats | Bytes)[] = [];
    for (const path of paths) inputs.push(new Job(await read(path), spec).input(0));
    batches.push(joined(inputs));
    names.push(paths.map(nameOf).join(', '));
  }
  const sizes = batches.map((fed) => sizeOf(form.layout, fed));
  const { width, height } = at(sizes, 0);
  const extremes = extremeImages(width, height, form.channels).map(({ name, image }) => {
    const prepared = new Job(image, spec).input(0);
    return { name, feed: { [input.name]: joined(Array<Floats | Bytes>(batch).fill(prepared)) } };
  });
  const from =
    options.recipe || options.window ? 'options' : model.metadata.has(RECIPE_KEY) ? 'model' : 'release';
  const feeds = batches.map((fed) => ({ [input.name]: fed }));
  const warnings = warningLines(Array.from(warned, ([name, warnings]) => ({ name, warnings })));
  const { recipe, assumed } = form;
  return { images, feeds, names, warnings, sizes, extremes, recipe, from, assumed };
}

/** What messages call an image, by the first of its files. */
const nameOf = (files: string | readonly string[]) =>
  basename(typeof files === 'string' ? files : at(files, 0));

/** A photograph with as many channels as a model takes: its luma, or its colours over and over. */
async function bundledImage(path: string, channels: number): Promise<ImageRaster> {
  const { data: from, ...image } = await readImage(path);
  if (channels === 1) return withChannels({ ...image, data: from }, { channels, grey: 'luma' });
  const data = new Uint8Array(channels * image.width * image.height);
  for (let i = 0; i < data.length; i++)
    data[i] = at(from, 3 * Math.floor(i / channels) + ((i % channels) % 3));
  return { ...image, channels, data };
}

/** A model as one that takes an image at a time. */
function oneByOne({ inputs, metadata }: Outline) {
  const [input, ...others] = inputs;
  const [batch, ...sizes] = input?.type?.shape ?? [];
  // Images as they are differ in size, and cannot be a batch.
  if (input?.type?.dtype !== 'float32' || typeof batch !== 'number' || batch < 2) {
    return { inputs, metadata, batch: 1 };
  }
  const one = { ...input, type: { ...input.type, shape: [1, ...sizes] } };
  return { inputs: [one, ...others], metadata, batch };
}

/** Height and width of what a model is given. */
function sizeOf(layout: Layout, { dims }: Floats | Bytes): ImageSize {
  const [, height, width] = axesOf(layout);
  return { height: at(dims, height), width: at(dims, width) };
}

/** Images of one size as one batch. */
function joined(parts: readonly (Floats | Bytes)[]): Floats | Bytes {
  const [first] = parts;
  if (first === undefined) throw new TypeError('no image');
  if (parts.length === 1) return first;
  const dims = [parts.length, ...first.dims.slice(1)];
  if (!(first.data instanceof Float32Array)) throw new TypeError('models that take images take one');
  const data = new Float32Array(parts.length * first.data.length);
  for (const [index, part] of parts.entries()) data.set(part.data, index * first.data.length);
  return { dims, data };
}

/** The level of every channel of a pixel, 0..255. */
type Level = (x: number, y: number) => number;

const isOdd = (x: number, y: number) => (x + y) % 2 === 1;

const LEVELS: Readonly<Record<string, Level>> = {
  'a black image': () => 0,
  'a white image': () => 255,
  'a grey image': () => 128,
  'a checkerboard': (x, y) => (isOdd(x, y) ? 255 : 0),
  'a faint checkerboard': (x, y) => (isOdd(x, y) ? 128 : 127),
};

/**
 * Images of this size and so many channels that no folder of typical ones holds, but that a camera gives: on them epsilons, maxima and
 * variances decide what a network computes.
 */
function extremeImages(width: number, height: number, channels: number) {
  return Object.entries(LEVELS).map(([name, level]) => {
    const data = new Uint8Array(channels * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const value = level(pixel % width, Math.floor(pixel / width));
      data.fill(value, channels * pixel, channels * (pixel + 1));
    }
    return { name, image: { width, height, channels, data } };
  });
}
