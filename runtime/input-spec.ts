import { type Reach, statedReach } from '../graph/analysis/receptive-field.js';
import { parseDecimal } from '../graph/common/decimal.js';
import { badModel, badUsage } from '../graph/common/errors.js';
import { option } from '../graph/common/option.js';
import { FLAG, type Kinds, NUMBER, RECIPE, sizesOf, TEXT, WINDOW } from '../graph/common/option-kinds.js';
import { type Outline, sizesText } from '../graph/ir/model.js';
import {
  type Assumption,
  assumedSize,
  assumedStructure,
  assumptionsIn,
  OF_PREPARATION,
} from '../graph/recipe/assumption.js';
import { axesOf, type Layout } from '../graph/recipe/layout.js';
import { type IntensityWindow, NORMALIZATIONS } from '../graph/recipe/normalization.js';
import {
  BYTES_PER_PIXEL_KEY,
  checkRecipe,
  fitRecipe,
  type Grey,
  MAX_NETWORK_PIXELS,
  parseRecipe,
  RECIPE_KEY,
  RELEASE_SIDE,
  type Recipe,
  recipeSummary,
  type Sizing,
  withWindow,
} from '../graph/recipe/recipe.js';
import { fromMetadata } from './common/naming.js';
import type { PixelSize } from './images/frame.js';
import type { ImageSpec, ModelSpec } from './images/job.js';
import { layoutOf, outputLayoutOf } from './layout.js';
import { OUTPUT_KINDS, type OutputSpecOptions, outputSpecOf } from './output-spec.js';

/** What one run may take where nothing else is said. */
export const DEFAULT_MEMORY_BUDGET = 2 ** 30;

/** About what a U-Net of width 64 takes; for models that do not say. */
const BYTES_PER_PIXEL = 1024;

export interface ImageSpecOptions {
  /** Replaces the recipe in the model's metadata. */
  readonly recipe?: Partial<Recipe>;
  /** Clips stored values to a window before all other preprocessing; replaces a window at the start of the recipe. */
  readonly window?: IntensityWindow;
  /** Layout of the model's input, where neither its metadata nor its shape show it. */
  readonly layout?: Layout;
  /** For a model of one channel: how to convert colour images; replaces the model's own setting. */
  readonly grey?: Grey;
  /** Also run each input mirrored along the axes that the model names. Default: true if it names any. */
  readonly mirror?: boolean;
  /** The size of the images' pixels, for a model that resamples images to a size in millimetres; without, 1 mm is assumed. */
  readonly spacing?: PixelSize;
  /** Refuse a model without a recipe, unless `recipe` is given. */
  readonly strictRecipe?: boolean;
  /** Bytes that one run may use, if the recipe keeps images at their own size; larger images are tiled. Default: 1 GiB. */
  readonly memoryBudget?: number;
}

export interface InputSpecOptions extends ImageSpecOptions, OutputSpecOptions {}

export const INPUT_KINDS: Kinds<InputSpecOptions> = {
  recipe: RECIPE,
  window: WINDOW,
  layout: TEXT,
  grey: TEXT,
  mirror: FLAG,
  spacing: sizesOf([], ['height', 'width']),
  strictRecipe: FLAG,
  memoryBudget: NUMBER,
  ...OUTPUT_KINDS,
};

/**
 * How a model wants its images and what its classes are, by its metadata, its one input and what its output ends in. What
 * the model does not say is assumed, and listed.
 * @param reachAt how far the network looks, by its graph; without, its metadata tells
 * @throws NmodeError: BAD_MODEL for a model that does not take one image, whose recipe its input contradicts, or that
 *   gives logits where no head is given; BAD_USAGE for options that do not fit the model
 */
export function inputSpecOf(outline: Outline, options: InputSpecOptions = {}, reachAt?: ReachAt): ModelSpec {
  const image = imageSpecOf(outline, options, reachAt);
  const { folds, assumed, ...mask } = outputSpecOf(outline, options, outputLayoutOf(outline, image));
  return {
    ...image,
    ...mask,
    // Elsewhere their mean is as good.
    ...(folds !== undefined && image.recipe.sizing.kind === 'slide' && { folds }),
    assumed: [...assumedStructure(outline.metadata), ...image.assumed, ...assumed],
  };
}

/** How far a network looks whose images are padded to a multiple. */
type ReachAt = (multiple: number) => Reach;

/**
 * How a model wants its images, whatever it gives. A model without a recipe gets the release's.
 * @throws NmodeError: BAD_MODEL, BAD_USAGE
 */
export function imageSpecOf(
  { inputs, metadata }: Pick<Outline, 'inputs' | 'metadata'>,
  options: ImageSpecOptions = {},
  reachAt?: ReachAt,
): ImageSpec {
  const [input, ...others] = inputs;
  const shape = input?.type?.shape ?? [];
  const dtype = input?.type?.dtype;
  const io = dtype === 'uint8' || dtype === 'uint16' ? 'image' : 'tensor';
  const { layout, assumed: assumedLayout } = layoutOf(shape, io, metadata, options.layout);
  const [batch] = shape;
  const [channels, height, width] = axesOf(layout).map((axis) => shape[axis]);
  const isKnown = typeof channels === 'number' && channels > 0;
  if (input === undefined || others.length > 0 || shape.length !== 4 || !isKnown) {
    const nameOf = (name: string) => (others.length > 0 ? `'${name}' ` : '');
    const taken = inputs.map(
      ({ name, type }) =>
        `${nameOf(name)}${type?.dtype ?? 'values'} [${type?.shape ? sizesText(type.shape, ',') : 'of any shape'}]`,
    );
    if (shape.length === 5 && others.length === 0) {
      throw badModel(
        `it takes ${taken.join('')}, a volume: volumes cannot be read from files, but createSession and a server accept them as tensors`,
      );
    }
    throw badModel(
      `it takes ${taken.join(' and ') || 'nothing'}, expected one image: float32 [N, C, H, W] or [N, H, W, C], or uint8 or uint16 [1, H, W, C]`,
    );
  }
  if (io === 'tensor' && dtype !== 'float32')
    throw badModel(`it takes ${dtype}, expected float32, uint8 or uint16`);
  if (typeof batch === 'number' && batch > 1) {
    throw badModel(`it takes ${batch} images at a time, expected 1 or an open batch`);
  }
  const { recipe: given, strictRecipe, grey, window, memoryBudget = DEFAULT_MEMORY_BUDGET } = options;
  if (io === 'image' && (given !== undefined || window !== undefined)) {
    throw badUsage('it takes raw images and preprocesses them in its graph: a recipe does not apply');
  }
  const stated = fromMetadata(metadata, RECIPE_KEY, (text) => {
    const declared = parseRecipe(text);
    fitRecipe(declared, channels);
    return declared;
  });
  const asked = checkRecipe({ ...given, ...(grey !== undefined && { grey }) });
  fitRecipe(asked, channels);
  const { mirror, ...said }: Partial<Recipe> = { ...stated, ...asked };
  if (options.mirror === true && mirror === undefined) {
    throw badUsage(`${option('mirror', true)}: nothing says along which axes this network may be mirrored`);
  }
  const recipe: Recipe = {
    normalization: NORMALIZATIONS.release,
    sizing: defaultSizing(height, width),
    ...said,
    ...(mirror !== undefined && options.mirror !== false && { mirror }),
    ...(window !== undefined && { normalization: withWindow(said.normalization, window) }),
  };
  const isNormalized = given?.normalization !== undefined || window !== undefined;
  const isSized = given?.sizing !== undefined;
  const isOpen = typeof height === 'string' || typeof width === 'string';
  const known = { isNormalized, isSized, isOpen };
  const assumed = io === 'image' ? [] : recipeAssumptions(recipe, known, metadata);
  if (strictRecipe && stated === undefined && !isNormalized && io === 'tensor') {
    throw badUsage('it has no recipe: set one with `recipe`');
  }
  if (io === 'tensor') checkSizing(recipe.sizing, [height, width], isSized);
  if (!(memoryBudget > 0)) throw badUsage(`a memory budget of ${memoryBudget} bytes, expected more than 0`);
  const bytes = parseDecimal(metadata.get(BYTES_PER_PIXEL_KEY) ?? '') ?? 0;
  return {
    io,
    layout,
    depth: dtype === 'uint16' ? 16 : 8,
    channels,
    grey: recipe.grey,
    stored: recipe.files === 'nnunet',
    recipe,
    pixel: pixelOf(recipe, options.spacing),
    memoryBudget,
    bytesPerPixel: bytes > 0 ? bytes : BYTES_PER_PIXEL,
    reach: recipe.sizing.kind === 'pad' && reachAt ? reachAt(recipe.sizing.multiple) : statedReach(metadata),
    assumed: [...assumedLayout, ...assumed, ...assumedSpacing(recipe, options.spacing)],
  };
}

/** Where images tell no size of their pixels, a pixel is the unit. @throws NmodeError (BAD_USAGE) */
function pixelOf({ spacing }: Recipe, given: PixelSize | undefined): PixelSize {
  if (given === undefined) return { height: 1, width: 1 };
  const { height, width } = given;
  if (![height, width].every((side) => side > 0 && Number.isFinite(side))) {
    throw badUsage(`a spacing of ${height} x ${width}, expected two numbers above 0`);
  }
  if (spacing?.unit === 'mm') return given;
  throw badUsage(
    `${option('spacing')} does not apply: the model resamples images ${spacing === undefined ? 'to no spacing' : 'by their pixels, whatever their size is'}`,
  );
}

const assumedSpacing = ({ spacing }: Recipe, given: PixelSize | undefined): readonly Assumption[] =>
  spacing?.unit === 'mm' && given === undefined
    ? [{ what: 'spacing of images', value: '1 x 1 mm a pixel', option: 'spacing' }]
    : [];

/**
 * What of a recipe neither the model nor the caller says.
 * @param known which parts of it the caller says, and whether the input leaves its size open
 */
function recipeAssumptions(
  recipe: Recipe,
  { isNormalized, isSized, isOpen }: Readonly<Record<'isNormalized' | 'isSized' | 'isOpen', boolean>>,
  metadata: Outline['metadata'],
): readonly Assumption[] {
  const isStated = metadata.has(RECIPE_KEY);
  // What was assumed when a model was made, it says, but nobody knows.
  const [stated, statedSize] = OF_PREPARATION.map((subject) =>
    assumptionsIn(metadata).find(({ what }) => what === subject),
  );
  const summary = recipeSummary(recipe);
  // Of the same recipe, that may say more: whose it is.
  const value = stated?.value.startsWith(summary) ? stated.value : summary;
  const isGuessed = !isNormalized && (!isStated || stated !== undefined);
  const isSizeGuessed = !isSized && (isStated ? statedSize !== undefined : isNormalized && isOpen);
  // Where the input is open, a recipe can still say it.
  const way = isOpen ? 'recipe' : (statedSize?.option ?? 'recipe');
  return [
    ...(isGuessed ? [{ what: 'recipe', value, option: 'recipe' }] : []),
    ...(isSizeGuessed ? assumedSize(recipe.sizing, way) : []),
  ];
}

/** The model's own size, or the release's where that is open. */
function defaultSizing(height: number | string | undefined, width: number | string | undefined): Sizing {
  const side = (size: number | string | undefined) =>
    typeof size === 'number' && size > 0 ? size : RELEASE_SIDE;
  return { kind: 'resize', height: side(height), width: side(width) };
}

/** @param isGiven whether the sizing is the caller's, and not what the model's metadata says */
function checkSizing(
  sizing: Sizing,
  [height, width]: readonly (number | string | undefined)[],
  isGiven: boolean,
): void {
  const [refused, owner] = isGiven ? [badUsage, 'the recipe that is given'] : [badModel, 'its recipe'];
  for (const [name, size] of Object.entries({ height, width })) {
    if (typeof size !== 'number' || size < 0) continue;
    if (sizing.kind === 'pad')
      throw refused(`its ${name} is ${size}, but ${owner} keeps images at their own size`);
    const expected = name === 'height' ? sizing.height : sizing.width;
    const way = sizing.kind === 'resize' ? 'resizes to' : 'has windows of';
    if (expected !== size) throw refused(`its ${name} is ${size}, but ${owner} ${way} ${expected}`);
  }
  if (sizing.kind !== 'pad' && sizing.height * sizing.width > MAX_NETWORK_PIXELS) {
    const taker = isGiven ? `${owner} is of` : 'it takes';
    throw refused(`${taker} ${sizing.height} x ${sizing.width} pixels, more than can be held`);
  }
  if (sizing.kind === 'pad' && sizing.multiple ** 2 > MAX_NETWORK_PIXELS) {
    throw refused(`${owner} pads to a multiple of ${sizing.multiple} pixels, more than can be held`);
  }
}
