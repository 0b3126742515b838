import { NmodeError, reason } from './errors.js';
import { fieldsOf, kindOf } from './fields.js';
import {
  channelsOf,
  type IntensityWindow,
  isFirstVersion,
  type Normalization,
  normalizationText,
  parseNormalization,
  windowed,
} from './normalization.js';
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
 * The size at which the network sees an image:
 * - `resize`: always this one, bilinear with half-pixel centres and without antialiasing;
 * - `pad`: the image's own, its last row and column repeated up to a multiple.
 */
export type Sizing =
  | { readonly kind: 'resize'; readonly height: number; readonly width: number }
  | { readonly kind: 'pad'; readonly multiple: number };

/** The side of the release's images, in pixels. */
export const RELEASE_SIDE = 256;

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
  return JSON.stringify(
    recipe.grey === undefined && isFirstVersion(recipe.normalization)
      ? recipe
      : { version: VERSION, ...recipe },
  );
}

/** A normalization, if there is one, of what a window gives. @throws NmodeError (BAD_USAGE) for no window */
export function withWindow(normalization: Normalization | undefined, window: IntensityWindow): Normalization {
  return readRecipe(() => windowed(normalization, window));
}

/** A recipe in a few words. */
export function recipeSummary({ normalization, sizing, grey }: Recipe): string {
  const size =
    sizing.kind === 'resize'
      ? `resized to ${sizing.height}x${sizing.width}`
      : `own size, padded to a multiple of ${sizing.multiple}`;
  return `${grey === undefined ? '' : `grey by ${grey}, `}${normalizationText(normalization)}, ${size}`;
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
  const given = normalization && readRecipe(() => channelsOf(normalization));
  if (given !== undefined && given !== channels) {
    throw new NmodeError(
      'BAD_USAGE',
      `the recipe has a mean and std of ${given} channels, the model takes ${channels}`,
    );
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

function parseSizing(value: unknown): Sizing {
  const kind = kindOf(value, 'sizing');
  if (kind === 'resize') {
    const { height, width } = fieldsOf(value, 'sizing resize', ['kind', 'height', 'width']);
    return { kind, height: size(height, 'height'), width: size(width, 'width') };
  }
  if (kind !== 'pad') throw new TypeError(`sizing '${kind}' is none of resize, pad`);
  return { kind, multiple: size(fieldsOf(value, 'sizing pad', ['kind', 'multiple']).multiple, 'multiple') };
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
