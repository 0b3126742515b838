import { badImage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { GREYS, type Grey } from '../../graph/recipe/recipe.js';
import { emptyAs, type ImageRaster, type RgbImage } from '../common/raster.js';

/** The channels that a model takes. */
export interface Channels {
  readonly channels: number;
  /** What one channel is made of where an image has colours; without, such an image is refused. */
  readonly grey?: Grey | undefined;
  /** Whether samples are taken as scikit-image reads them: no colour profile is applied, and PNG colours of 16 bits lose their lower 8. */
  readonly stored?: boolean;
}

const GREY_WAYS = GREYS.map((way) => option('grey', way)).join(' or ');

/** What is told where an image is taken for one of other channels. */
export const TAKEN = {
  grey: 'it is grey: its red, green and blue are taken to be equal',
  equal: 'its red, green and blue are equal: it is taken as grey',
  alpha: 'its alpha channel is left out',
  cmyk: 'it is CMYK: its colours are taken as RGB',
} as const;

/** An image with warnings beside those that it has already, each once. */
export function withWarnings<Image extends ImageRaster>(
  image: Image,
  more: readonly (string | false)[],
): Image {
  const { warnings = [] } = image;
  const others = more.filter((text) => text !== false && !warnings.includes(text)) as readonly string[];
  return others.length === 0 ? image : { ...image, warnings: [...warnings, ...others] };
}

const counted = (channels: number) => (channels === 1 ? '1 channel' : `${channels} channels`);

/**
 * The image with the channels that a model takes: grey becomes three equal ones, colours one by `grey`, or where all of them are grey.
 * @param name what messages call the image
 * @throws NmodeError (BAD_IMAGE) for one of other channels
 */
export function withChannels(image: ImageRaster, wanted: Channels, name = 'the image'): ImageRaster {
  const { channels, grey } = wanted;
  if (image.channels === channels) return image;
  if (image.channels === 1 && channels === 3) return withWarnings(inRgb(image), [TAKEN.grey]);
  if (image.channels === 3 && channels === 1) {
    if (grey !== undefined) return inGrey(image, grey);
    const equal = asGrey(image);
    if (equal !== undefined) return equal;
    throw badImage(
      `${name}: it is RGB, the model takes one grey channel: choose how to convert it with ${GREY_WAYS}`,
    );
  }
  const way =
    channels > 1
      ? `: give the files of its channels (${option('inputs')}), a TIFF of ${channels} grey pages, or a file of ${channels} samples a pixel`
      : ': give a grey image';
  throw badImage(`${name}: it has ${counted(image.channels)}, the model takes ${channels}${way}`);
}

/** A file of some channels of an image, and what messages call it. */
export interface ChannelPart {
  readonly name: string;
  readonly image: ImageRaster;
}

/**
 * One image of the channels of several, in their order.
 * @throws NmodeError (BAD_IMAGE) where they are not of one size and depth
 */
export function joinChannels(parts: readonly ChannelPart[]): ImageRaster {
  const [first, ...others] = parts;
  if (first === undefined) throw badImage('no file of an image is given');
  const { width, height } = first.image;
  const bits = ({ image }: ChannelPart) => (image.data instanceof Uint16Array ? 16 : 8);
  for (const part of others) {
    const { name, image } = part;
    if (image.width !== width || image.height !== height) {
      throw badImage(
        `${name}: it is ${image.width}x${image.height}, ${first.name} is ${width}x${height}: the channels of an image are of one size`,
      );
    }
    if (bits(part) !== bits(first)) {
      throw badImage(
        `${name}: it has ${bits(part)} bits a sample, ${first.name} has ${bits(first)}: the channels of an image are of one depth`,
      );
    }
  }
  if (others.length === 0) return first.image;
  refuseMany(parts);
  const channels = parts.reduce((sum, { image }) => sum + image.channels, 0);
  const data = emptyAs(first.image.data, channels * width * height);
  let before = 0;
  for (const { image } of parts) {
    const { channels: own, data: from } = image;
    for (let channel = 0; channel < own; channel++, before++) {
      for (let at = channel, to = before; to < data.length; at += own, to += channels)
        data[to] = from[at] as number;
    }
  }
  const warnings = parts.flatMap(({ name, image }) =>
    (image.warnings ?? []).map((warning) => `${name}: ${warning}`),
  );
  return { width, height, channels, data, ...(warnings.length > 0 && { warnings }) };
}

/**
 * The image that a model takes, of one file, or of those of its channels, which are read one after another.
 * @param nameOf what messages call a file, where it has a name
 * @param read decodes a file, of all channels that are wanted
 * @throws NmodeError (BAD_IMAGE)
 */
export async function imageOf<Source>(
  files: readonly Source[],
  wanted: Channels,
  nameOf: (file: Source) => string | undefined,
  read: (file: Source, wanted: Channels, name: string) => Promise<ImageRaster>,
): Promise<ImageRaster> {
  const [first] = files;
  if (first !== undefined && files.length === 1) {
    const name = nameOf(first) ?? 'the image';
    return withChannels(await read(first, wanted, name), wanted, name);
  }
  const { grey } = wanted;
  const parts: ChannelPart[] = [];
  for (const [index, file] of files.entries()) {
    const name = nameOf(file) ?? `file ${index + 1} of the image`;
    refuseMany(parts);
    const image = await read(file, { ...wanted, channels: 1 }, name);
    // Its one grey channel, or its colours, which `grey` makes one of.
    parts.push({ name, image: grey !== undefined && image.channels === 3 ? inGrey(image, grey) : image });
  }
  return ofParts(parts, wanted);
}

/** @throws NmodeError (BAD_IMAGE) where they do not go together, or are more or fewer channels than the model takes */
function ofParts(parts: readonly ChannelPart[], wanted: Channels): ImageRaster {
  const image = joinChannels(parts);
  if (image.channels === wanted.channels) return image;
  const greys = parts.map((part) => ({ ...part, image: asGrey(part.image) ?? part.image }));
  const joined = joinChannels(greys);
  if (joined.channels === wanted.channels) return joined;
  const names = parts.map(({ name }) => name).join(' + ');
  const coloured = parts.find(({ image: { channels } }) => channels === 3);
  const way =
    coloured === undefined
      ? 'give a file for each of these'
      : `${coloured.name} is RGB, choose how to convert it to grey with ${GREY_WAYS}`;
  throw badImage(
    `${names}: together they have ${counted(image.channels)}, the model takes ${wanted.channels}: ${way}`,
  );
}

/** Samples of an image that are held at a time: those of 100 megapixels in colour. */
export const MAX_SAMPLES = 3e8;

/** @throws NmodeError (BAD_IMAGE) where the parts of an image hold more samples than fit: to be asked before the next is read */
export function refuseMany(parts: readonly ChannelPart[]): void {
  const samples = parts.reduce((sum, { image }) => sum + image.data.length, 0);
  if (samples > MAX_SAMPLES) {
    throw badImage(
      `${parts.map(({ name }) => name).join(' + ')}: more than ${MAX_SAMPLES / 1e6} million samples`,
    );
  }
}

/** The one channel of a grey image that is stored as red, green and blue; undefined where these differ in any pixel. */
function asGrey(image: ImageRaster): ImageRaster | undefined {
  const { channels, data } = image;
  if (channels !== 3) return undefined;
  for (let pixel = 0; pixel < data.length; pixel += 3)
    if (data[pixel] !== data[pixel + 1] || data[pixel] !== data[pixel + 2]) return undefined;
  return withWarnings(inGrey(image, 'red'), [TAKEN.equal]);
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
