import { badUsage, reason } from '../common/errors.js';
import { fieldsOf, kindOf, oneOf, positive } from '../common/fields.js';
import { option } from '../common/option.js';
import { checkArgument, TEXT } from '../common/option-kinds.js';
import {
  channelsOf,
  type IntensityWindow,
  type Normalization,
  normalizationText,
  parseNormalization,
  versionOf,
  windowed,
} from './normalization.js';

/**
 * How an image becomes a network's input. It travels in a model's metadata (`nmode.recipe`, JSON), so that every platform
 * prepares images as the training did.
 */
export interface Recipe {
  readonly normalization: Normalization;
  readonly sizing: Sizing;
  /** For a network of one channel: how to convert colour images, which are refused without it. */
  readonly grey?: Grey;
  /** Whether rows become columns before all else. */
  readonly transpose?: true;
  /** The smallest rectangle around the pixels that are not 0 in every channel is taken, and the rest is background. */
  readonly crop?: 'foreground';
  /** The size of a pixel to which an image is resampled once it is normalized. */
  readonly spacing?: Spacing;
  /** Each input is run mirrored along these axes too, along each and along both, and what the runs give is averaged. */
  readonly mirror?: readonly MirrorAxis[];
  /** How the files of an image are named and read, where not in the usual way. */
  readonly files?: 'nnunet';
}

export const MIRROR_AXES = ['height', 'width'] as const;
export type MirrorAxis = (typeof MIRROR_AXES)[number];

/** Degree of the B-splines that an image is resampled with: 0 takes the nearest sample, 1 is linear, 3 cubic. */
export const SPLINE_ORDERS = [0, 1, 3] as const;
export type SplineOrder = (typeof SPLINE_ORDERS)[number];

/** The size of a pixel. What the network gives goes back linearly. */
export interface Spacing {
  readonly height: number;
  readonly width: number;
  readonly order: SplineOrder;
  /** Of millimetres, or, where images tell no size, of pixels of the image. */
  readonly unit: 'mm' | 'px';
}

/** ITU-R BT.601 luma, or the red channel alone. */
export const GREYS = ['luma', 'red'] as const;
export type Grey = (typeof GREYS)[number];

/** Of what is written: the lowest that can say it, so that earlier readers understand what they can. */
const VERSIONS = [1, 2, 3] as const;

/**
 * The size at which the network sees an image:
 * - `resize`: always this one, bilinear with half-pixel centres and without antialiasing;
 * - `pad`: the image's own, its last row and column repeated up to a multiple;
 * - `slide`: windows of one size, evenly spread and at most `step` of their side apart, zeros around what is smaller. What the
 *   network gives is averaged before it becomes probabilities, weighted by a Gaussian of an eighth of the side, in half precision (nnU-Net v2).
 */
export type Sizing =
  | { readonly kind: 'resize'; readonly height: number; readonly width: number }
  | { readonly kind: 'pad'; readonly multiple: number }
  | { readonly kind: 'slide'; readonly height: number; readonly width: number; readonly step: number };

/** What is not said of how an image is prepared in a graph. */
export const BEYOND_GRAPHS = ['transpose', 'crop', 'spacing', 'mirror', 'files'] as const;

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

/** The key of `metadata_props` that says what turns logits into probabilities where that is done behind the model. */
export const APPLIED_HEAD_KEY = 'nmode.applied_head';

/**
 * The output of a model of several folds that has the logits of each beside their mean, [N, folds x classes, H, W]: nnU-Net rounds each
 * to half precision before it averages them.
 */
export const FOLDS_OUTPUT = 'folds';

/** The key of `metadata_props` with the number of folds that a model is the mean of. */
export const FOLDS_KEY = 'nmode.folds';

/** The key of `metadata_props` with a JSON list of regions, one for each class, where classes are unions of labels. */
export const REGIONS_KEY = 'nmode.regions';

/** The index of the class that is no mask, or `none` where every class is one. */
export type Background = number | 'none';

/** @throws NmodeError (BAD_USAGE) for what is neither an index nor `none` */
export function parseBackground(text: string): Background {
  if (text === 'none') return text;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw badUsage(`a background of '${text}', expected the index of a class, from 0 on, or none`);
}

export function recipeText(recipe: Recipe): string {
  const { normalization, sizing, grey, ...others } = recipe;
  const isNew = sizing.kind === 'slide' || Object.values(others).some((value) => value !== undefined);
  const version = Math.max(versionOf(normalization), grey === undefined ? 1 : 2, isNew ? 3 : 1);
  return JSON.stringify(version === 1 ? recipe : { version, ...recipe });
}

/** A normalization, if there is one, of what a window gives. @throws NmodeError (BAD_USAGE) for no window */
export function withWindow(normalization: Normalization | undefined, window: IntensityWindow): Normalization {
  return readRecipe(() => windowed(normalization, window));
}

/** A recipe in a few words. */
export function recipeSummary(recipe: Recipe): string {
  const { normalization, sizing, grey, transpose, crop, spacing, mirror } = recipe;
  const parts = [
    grey && `grey by ${grey}`,
    transpose && 'transposed',
    crop && 'cropped to what is not 0',
    normalizationText(normalization),
    spacing &&
      `resampled to ${spacing.height} x ${spacing.width} ${spacing.unit} a pixel (order ${spacing.order})`,
    sizingText(sizing),
    mirror && `mirrored along ${mirror.join(' and ')} (${2 ** mirror.length} runs each)`,
  ];
  return parts.filter(Boolean).join(', ');
}

function sizingText(sizing: Sizing): string {
  switch (sizing.kind) {
    case 'resize':
      return `resized to ${sizing.height}x${sizing.width}`;
    case 'pad':
      return `own size, padded to a multiple of ${sizing.multiple}`;
    case 'slide':
      return `windows of ${sizing.height}x${sizing.width} at ${sizing.step} of their side`;
  }
}

/**
 * Reads a recipe from its JSON text.
 * @throws NmodeError (BAD_USAGE) that names the part that is wrong
 */
export function parseRecipe(text: string): Recipe {
  checkArgument('text', text, TEXT);
  return readRecipe(() => {
    const { version, ...fields } = fieldsOf(
      JSON.parse(text),
      'a recipe',
      ['normalization', 'sizing'],
      ['version', 'grey', ...BEYOND_GRAPHS],
    );
    if (version !== undefined && !VERSIONS.some((known) => known === version)) {
      throw new TypeError(
        `version ${JSON.stringify(version)} is not one of ${VERSIONS.join(', ')}: a later nmode-onnx may read it`,
      );
    }
    return {
      normalization: parseNormalization(fields.normalization),
      sizing: parseSizing(fields.sizing),
      ...parseOptional(fields),
    };
  });
}

/**
 * Checks a recipe, or part of one, that a program gives.
 * @throws NmodeError (BAD_USAGE) that names the part that is wrong
 */
export function checkRecipe(given: Partial<Recipe>): Partial<Recipe> {
  return readRecipe(() => {
    const { normalization, sizing, grey, transpose, crop, spacing, mirror, files, ...others } = given;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new TypeError(`'${unknown}' is not one of its fields`);
    return {
      ...(normalization !== undefined && { normalization: parseNormalization(normalization) }),
      ...(sizing !== undefined && { sizing: parseSizing(sizing) }),
      ...parseOptional({ grey, transpose, crop, spacing, mirror, files }),
    };
  });
}

type Optional = Exclude<keyof Recipe, 'normalization' | 'sizing'>;

/** The parts that are there. @throws TypeError, RangeError that names what is wrong */
function parseOptional(given: Readonly<Record<string, unknown>>): Partial<Pick<Recipe, Optional>> {
  const { grey, transpose, crop, spacing, mirror, files } = given;
  return {
    ...(grey !== undefined && { grey: oneOf(grey, 'grey', GREYS) }),
    ...(transpose !== undefined && { transpose: oneOf(transpose, 'transpose', [true]) }),
    ...(crop !== undefined && { crop: oneOf(crop, 'crop', ['foreground']) }),
    ...(spacing !== undefined && { spacing: parseSpacing(spacing) }),
    ...(mirror !== undefined && { mirror: parseMirror(mirror) }),
    ...(files !== undefined && { files: oneOf(files, 'files', ['nnunet']) }),
  };
}

/**
 * Holds a recipe to the channels that a model takes.
 * @throws NmodeError (BAD_USAGE)
 */
export function fitRecipe({ normalization, grey }: Partial<Recipe>, channels: number): void {
  const given = normalization && readRecipe(() => channelsOf(normalization));
  if (given !== undefined && given !== channels) {
    throw badUsage(`the recipe has a mean and std of ${given} channels, the model takes ${channels}`);
  }
  if (grey !== undefined && channels === 3) {
    throw badUsage(`${option('grey', grey)} does not apply: the model takes 3 channels`);
  }
}

function readRecipe<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badUsage(`not a recipe: ${reason(error)}`, { cause: error });
  }
}

function parseSizing(value: unknown): Sizing {
  const kind = kindOf(value, 'sizing');
  switch (kind) {
    case 'resize': {
      const { height, width } = fieldsOf(value, 'sizing resize', ['kind', 'height', 'width']);
      return { kind, height: size(height, 'height'), width: size(width, 'width') };
    }
    case 'pad': {
      const { multiple } = fieldsOf(value, 'sizing pad', ['kind', 'multiple']);
      return { kind, multiple: size(multiple, 'multiple') };
    }
    case 'slide': {
      const { height, width, step } = fieldsOf(value, 'sizing slide', ['kind', 'height', 'width', 'step']);
      if (!(typeof step === 'number' && step >= MIN_STEP && step <= 1))
        throw new RangeError(`step is not a number from ${MIN_STEP} to 1`);
      return { kind, height: size(height, 'height'), width: size(width, 'width'), step };
    }
    default:
      throw new TypeError(`sizing '${kind}' is not one of resize, pad, slide`);
  }
}

/** Closer windows take long, and change nothing. */
const MIN_STEP = 1 / 16;

function parseSpacing(value: unknown): Spacing {
  const { height, width, order, unit } = fieldsOf(value, 'spacing', ['height', 'width', 'order', 'unit']);
  return {
    height: positive(height, 'the height of a pixel'),
    width: positive(width, 'the width of a pixel'),
    order: oneOf(order, 'order', SPLINE_ORDERS),
    unit: oneOf(unit, 'unit', ['mm', 'px']),
  };
}

function parseMirror(value: unknown): readonly MirrorAxis[] {
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size < value.length)
    throw new TypeError('mirror is not a list of different axes');
  return value.map((axis) => oneOf(axis, 'mirror', MIRROR_AXES));
}

function size(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > 2 ** 16) {
    throw new RangeError(`${what} is not a whole number from 1 to 65536`);
  }
  return value;
}
