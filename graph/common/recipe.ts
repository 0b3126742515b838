import { NmodeError, reason } from './errors.js';
import { option } from './option.js';

/**
 * How an image becomes a network's input. It travels in a model's metadata (`nmode.recipe`, JSON), so that every platform
 * prepares images as the training did.
 */
export interface Recipe {
  readonly normalization: Normalization;
  readonly sizing: Sizing;
  /** What one grey channel is made of where an image has colours; without, such an image is refused. */
  readonly grey?: Grey;
}

/** ITU-R BT.601 luma, or the red channel alone. */
export const GREYS = ['luma', 'red'] as const;
export type Grey = (typeof GREYS)[number];

/** Of what is written: 1 for what the first had, so that they read it, and 2 for more. */
const VERSION = 2;

/**
 * What is done to samples x, with `full` the largest that the image's depth holds (255, or 65535 at 16 bits):
 * - `min-max`: 255 (x - min) / (max - min) over all channels of the whole image, zeros for a constant one (the release);
 * - `unit`: x / full, 0..1;
 * - `mean-std`: (x / full - mean) / std, channel by channel; one number holds for all channels.
 */
export type Normalization =
  | { readonly kind: 'min-max' }
  | { readonly kind: 'unit' }
  | { readonly kind: 'mean-std'; readonly mean: readonly number[]; readonly std: readonly number[] };

/**
 * The size at which the network sees an image:
 * - `resize`: always this one, bilinear with half-pixel centres and without antialiasing;
 * - `pad`: the image's own, its last row and column repeated up to a multiple.
 */
export type Sizing =
  | { readonly kind: 'resize'; readonly height: number; readonly width: number }
  | { readonly kind: 'pad'; readonly multiple: number };

/** The side of the release's images, in pixels. */
export const RELEASE_SIDE = 256;

/** The normalizations that have a name of their own. ImageNet's figures are those of torchvision. */
export const NORMALIZATIONS = Object.freeze({
  release: { kind: 'min-max' },
  unit: { kind: 'unit' },
  imagenet: { kind: 'mean-std', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
} satisfies Record<string, Normalization>);

/** 4096 x 4096: activations of larger inputs fill the memory of any machine. */
export const MAX_NETWORK_PIXELS = 2 ** 24;

/** The key of `metadata_props`. */
export const RECIPE_KEY = 'nmode.recipe';

/** How a model takes images: prepared, as `input` float32 [N, C, H, W], or as they are, as `image` uint8 [1, H, W, C]. */
export type ModelIo = 'tensor' | 'image';
export const MODEL_IOS: readonly ModelIo[] = ['tensor', 'image'];

/** The key of `metadata_props` that says which. */
export const IO_KEY = 'nmode.io';

/** The key of `metadata_props` with the bytes of activations that are held at once, for each pixel of the input. */
export const BYTES_PER_PIXEL_KEY = 'nmode.bytes_per_pixel';

/** The key of `metadata_props` that says what the graph ends in; after `none` come logits. */
export const HEAD_KEY = 'nmode.head';

/** The key of `metadata_props` with the class that is the background where classes exclude each other: its index, or `none`. */
export const BACKGROUND_KEY = 'nmode.background';

/** The index of the class that is no mask, or `none` where every class is one. */
export type Background = number | 'none';

/** @throws NmodeError (BAD_USAGE) for what is neither an index nor `none` */
export function parseBackground(text: string): Background {
  if (text === 'none') return text;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new NmodeError(
    'BAD_USAGE',
    `a background of '${text}', expected the index of a class, from 0 on, or none`,
  );
}

export function recipeText(recipe: Recipe): string {
  return JSON.stringify(isFirstVersion(recipe) ? recipe : { version: VERSION, ...recipe });
}

function isFirstVersion({ normalization, grey }: Recipe): boolean {
  return grey === undefined && !(normalization.kind === 'mean-std' && normalization.mean.length !== 3);
}

/** A recipe in a few words. */
export function recipeSummary({ normalization, sizing, grey }: Recipe): string {
  const figures =
    normalization.kind === 'mean-std'
      ? ` (mean ${normalization.mean.join(', ')}; std ${normalization.std.join(', ')})`
      : '';
  const size =
    sizing.kind === 'resize'
      ? `resized to ${sizing.height}x${sizing.width}`
      : `own size, padded to a multiple of ${sizing.multiple}`;
  return `${grey === undefined ? '' : `grey by ${grey}, `}${normalization.kind}${figures}, ${size}`;
}

/**
 * Reads a recipe from its JSON text.
 * @throws NmodeError (BAD_USAGE) that names the part that is wrong
 */
export function parseRecipe(text: string): Recipe {
  return readRecipe(() => {
    const { version, normalization, sizing, grey } = fieldsOf(
      JSON.parse(text),
      'a recipe',
      ['normalization', 'sizing'],
      ['version', 'grey'],
    );
    if (version !== undefined && version !== 1 && version !== VERSION) {
      throw new TypeError(
        `version ${JSON.stringify(version)} is none of 1, ${VERSION}: a later nmode-onnx may read it`,
      );
    }
    return {
      normalization: parseNormalization(normalization),
      sizing: parseSizing(sizing),
      ...(grey !== undefined && { grey: parseGrey(grey) }),
    };
  });
}

/**
 * Checks a recipe, or part of one, that a program gives.
 * @throws NmodeError (BAD_USAGE) that names the part that is wrong
 */
export function checkRecipe({ normalization, sizing, grey, ...others }: Partial<Recipe>): Partial<Recipe> {
  return readRecipe(() => {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new TypeError(`'${unknown}' is no part of one`);
    return {
      ...(normalization !== undefined && { normalization: parseNormalization(normalization) }),
      ...(sizing !== undefined && { sizing: parseSizing(sizing) }),
      ...(grey !== undefined && { grey: parseGrey(grey) }),
    };
  });
}

/**
 * Holds a recipe to the channels that a model takes.
 * @throws NmodeError (BAD_USAGE)
 */
export function fitRecipe({ normalization, grey }: Partial<Recipe>, channels: number): void {
  if (normalization?.kind === 'mean-std') {
    const given = normalization.mean.length;
    if (given !== 1 && given !== channels) {
      throw new NmodeError(
        'BAD_USAGE',
        `the recipe has a mean and std of ${given} channels, the model takes ${channels}`,
      );
    }
  }
  if (grey !== undefined && channels === 3) {
    throw new NmodeError('BAD_USAGE', `${option('grey', grey)} has no meaning: the model takes 3 channels`);
  }
}

function readRecipe<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new NmodeError('BAD_USAGE', `not a recipe: ${reason(error)}`, { cause: error });
  }
}

function parseNormalization(value: unknown): Normalization {
  const kind = kindOf(value, 'normalization');
  if (kind === 'min-max' || kind === 'unit') {
    fieldsOf(value, `normalization ${kind}`, ['kind']);
    return { kind };
  }
  if (kind !== 'mean-std') throw new TypeError(`normalization '${kind}' is none of min-max, unit, mean-std`);
  const { mean, std } = fieldsOf(value, 'normalization mean-std', ['kind', 'mean', 'std']);
  const [means, stds] = [
    channels(mean, 'mean', Number.isFinite),
    channels(std, 'std', (x) => x > 0 && Number.isFinite(1 / x)),
  ];
  if (means.length !== stds.length)
    throw new TypeError(`mean is of ${means.length} channels, std of ${stds.length}`);
  return { kind, mean: means, std: stds };
}

function parseSizing(value: unknown): Sizing {
  const kind = kindOf(value, 'sizing');
  if (kind === 'resize') {
    const { height, width } = fieldsOf(value, 'sizing resize', ['kind', 'height', 'width']);
    return { kind, height: size(height, 'height'), width: size(width, 'width') };
  }
  if (kind !== 'pad') throw new TypeError(`sizing '${kind}' is none of resize, pad`);
  return { kind, multiple: size(fieldsOf(value, 'sizing pad', ['kind', 'multiple']).multiple, 'multiple') };
}

/** The fields of an object that has these and no others: a misspelt one must not pass for absent. */
function fieldsOf(
  value: unknown,
  what: string,
  names: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${what} is no object`);
  const found = Object.keys(value);
  const wrong = [
    ...found.filter((name) => !names.includes(name) && !optional.includes(name)),
    ...names.filter((n) => !found.includes(n)),
  ];
  if (wrong.length > 0) {
    throw new TypeError(`${what} has ${found.join(', ') || 'nothing'}, expected ${names.join(', ')}`);
  }
  return Object.fromEntries(Object.entries(value));
}

function kindOf(value: unknown, what: string): unknown {
  if (typeof value === 'object' && value !== null && 'kind' in value) return value.kind;
  throw new TypeError(`${what} has no kind`);
}

function channels(value: unknown, what: string, fits: (x: number) => boolean): readonly number[] {
  const isFit = (x: unknown): x is number => typeof x === 'number' && fits(x);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isFit)) {
    throw new TypeError(
      `${what} is not a number a channel${what === 'std' ? ', each above 0, that can be divided by' : ''}`,
    );
  }
  return value;
}

function parseGrey(value: unknown): Grey {
  const known = GREYS.find((grey) => grey === value);
  if (known === undefined) throw new TypeError(`grey '${value}' is none of ${GREYS.join(', ')}`);
  return known;
}

function size(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > 2 ** 16) {
    throw new RangeError(`${what} is not a whole number from 1 to 65536`);
  }
  return value;
}
