import { type Reach, statedReach } from '../graph/analysis/receptive-field.js';
import { type Assumption, assumedStructure, assumptionsIn } from '../graph/common/assumption.js';
import { at } from '../graph/common/at.js';
import { parseDecimal } from '../graph/common/decimal.js';
import { badModel, badUsage, reason } from '../graph/common/errors.js';
import { axesOf, type Layout } from '../graph/common/layout.js';
import { type IntensityWindow, NORMALIZATIONS } from '../graph/common/normalization.js';
import { option } from '../graph/common/option.js';
import {
  BACKGROUND_KEY,
  type Background,
  BYTES_PER_PIXEL_KEY,
  checkRecipe,
  fitRecipe,
  type Grey,
  HEAD_KEY,
  MAX_NETWORK_PIXELS,
  parseBackground,
  parseRecipe,
  RECIPE_KEY,
  RELEASE_SIDE,
  type Recipe,
  recipeSummary,
  type Sizing,
  withWindow,
} from '../graph/common/recipe.js';
import { type Outline, sizesText } from '../graph/ir/model.js';
import type { OutputActivation } from '../graph/ir/output-activation.js';
import type { ImageSpec, ModelSpec, OutputSpec } from './images/job.js';
import { layoutOf, outputLayoutOf } from './layout.js';
import { classNamesOf } from './masks/class-names.js';
import { type Classes, checkBackground, INDEPENDENT } from './masks/classes.js';

/** What one run may take where nothing else is said. */
export const DEFAULT_MEMORY_BUDGET = 2 ** 30;

/** About what a U-Net of width 64 takes; for models that do not say. */
const BYTES_PER_PIXEL = 1024;

/** What turns a model's logits into probabilities; softmax is over the classes. */
export const APPLIED_HEADS = ['sigmoid', 'softmax'] as const;
export type AppliedHead = (typeof APPLIED_HEADS)[number];

export interface ImageSpecOptions {
  /** Takes the place of what the model's metadata says. */
  readonly recipe?: Partial<Recipe>;
  /** Stored values that images are cut to before all else: in place of the window that the recipe begins with, if it does. */
  readonly window?: IntensityWindow;
  /** In which order the model has pixels and channels, where that is not what its metadata or its shape tell. */
  readonly layout?: Layout;
  /** What one grey channel is made of where an image has colours, in place of what the model's metadata says. */
  readonly grey?: Grey;
  /** Refuse a model that does not say how images are prepared, where `recipe` does not say it either. */
  readonly strictRecipe?: boolean;
  /** Bytes that one run may take, where the recipe keeps images at their own size; larger ones run in tiles. Default 1 GiB. */
  readonly memoryBudget?: number;
}

export interface InputSpecOptions extends ImageSpecOptions {
  /** What turns the logits that the model gives into probabilities. */
  readonly head?: AppliedHead;
  /** Of classes that exclude each other, the one that is no mask; default what the model says, or else 0. */
  readonly background?: Background;
  /** What the classes are called, in the order of the model's output, the background too; default what the model says. */
  readonly classNames?: readonly string[];
  /** Of several outputs, the one that masks are made of; default the first. */
  readonly outputName?: string;
}

/**
 * How a model wants its images and what its classes are, by its metadata, its one input and what its output ends in. What
 * the model does not say is assumed, and listed.
 * @param reachAt how far the network looks, by its graph; without, its metadata tells
 * @throws NmodeError: BAD_MODEL for a model that does not take one image, whose recipe its input contradicts, or that
 *   gives logits where no head is given; BAD_USAGE for options that do not fit the model
 */
export function inputSpecOf(outline: Outline, options: InputSpecOptions = {}, reachAt?: ReachAt): ModelSpec {
  const image = imageSpecOf(outline, options, reachAt);
  const layout = outputLayoutOf(outline, image);
  const output = outputSpecOf(outline, options, layout);
  return {
    ...image,
    ...output,
    assumed: [...assumedStructure(outline.metadata), ...image.assumed, ...output.assumed],
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
    throw badUsage('it takes images as they are and prepares them in its graph: it takes no recipe');
  }
  const declared = metadata.get(RECIPE_KEY);
  const stated: Partial<Recipe> = declared === undefined ? {} : readRecipe(declared, channels);
  const asked = checkRecipe({ ...given, ...(grey !== undefined && { grey }) });
  fitRecipe(asked, channels);
  const said: Partial<Recipe> = { ...stated, ...asked };
  const recipe = {
    normalization: NORMALIZATIONS.release,
    sizing: defaultSizing(height, width),
    ...said,
    ...(window !== undefined && { normalization: withWindow(said.normalization, window) }),
  };
  const isNormalized = given?.normalization !== undefined || window !== undefined;
  const assumed =
    io === 'image'
      ? []
      : recipeAssumptions(
          recipe,
          { isNormalized, isSized: given?.sizing !== undefined },
          [height, width],
          metadata,
        );
  if (strictRecipe && declared === undefined && !isNormalized && io === 'tensor') {
    throw badUsage('it does not say how images are prepared: say it with `recipe`');
  }
  if (io === 'tensor') checkSizing(recipe.sizing, [height, width], given?.sizing !== undefined);
  if (!(memoryBudget > 0)) throw badUsage(`a memory budget of ${memoryBudget} bytes, expected more than 0`);
  const bytes = parseDecimal(metadata.get(BYTES_PER_PIXEL_KEY) ?? '') ?? 0;
  return {
    io,
    layout,
    depth: dtype === 'uint16' ? 16 : 8,
    channels,
    grey: recipe.grey,
    recipe,
    memoryBudget,
    bytesPerPixel: bytes > 0 ? bytes : BYTES_PER_PIXEL,
    reach: recipe.sizing.kind === 'pad' && reachAt ? reachAt(recipe.sizing.multiple) : statedReach(metadata),
    assumed: [...assumedLayout, ...assumed],
  };
}

/** What of a recipe neither the model nor the caller says. */
function recipeAssumptions(
  recipe: Recipe,
  { isNormalized, isSized }: { readonly isNormalized: boolean; readonly isSized: boolean },
  [height, width]: readonly (number | string | undefined)[],
  metadata: Outline['metadata'],
): readonly Assumption[] {
  const value = recipeSummary(recipe);
  const isStated = metadata.has(RECIPE_KEY);
  // What an export assumed, its model says, but nobody knows.
  const isAssumed = !isStated || assumptionsIn(metadata).some(({ option }) => option === 'recipe');
  if (!isNormalized) return isAssumed ? [{ what: 'recipe', value, option: 'recipe' }] : [];
  const isOpen = !isStated && (typeof height === 'string' || typeof width === 'string');
  return !isSized && isOpen ? [{ what: 'size of images', value, option: 'recipe' }] : [];
}

/** What is said of logits that nobody says how to turn into probabilities. */
export const LACKS_HEAD =
  "it ends in logits, not in probabilities: say what turns them into some with `head: 'sigmoid'` or `head: 'softmax'`";

/** What a model's output is, and what is made of it. @throws NmodeError: BAD_MODEL, BAD_USAGE */
function outputSpecOf(
  { outputs, metadata, activation }: Outline,
  { head, background, classNames, outputName }: InputSpecOptions,
  layout: Layout,
): OutputSpec {
  const given = outputs.map(({ name }) => name);
  if (outputName !== undefined && !given.includes(outputName)) {
    throw badUsage(`no output is named '${outputName}': it has ${given.join(', ')}`);
  }
  if (outputName !== undefined && outputs[0]?.name !== outputName) {
    throw badUsage(
      `its first output is '${outputs[0]?.name}', not '${outputName}': optimizeModel with ${option('outputName', outputName)} writes a model of that one`,
    );
  }
  const type = outputs[0]?.type;
  const dtype = type?.dtype ?? 'float32';
  if (dtype !== 'float32') throw badModel(`it gives ${dtype}, expected probabilities in float32`);
  if (head !== undefined && !APPLIED_HEADS.includes(head)) {
    throw badUsage(`a head of '${head}', expected ${APPLIED_HEADS.join(' or ')}`);
  }
  const stated = endOf(activation, metadata.get(HEAD_KEY));
  if (stated === 'logits' && head === undefined) {
    throw badModel(LACKS_HEAD);
  }
  if ((stated === 'sigmoid' || stated === 'softmax') && head !== undefined) {
    const says = activation === stated ? 'it ends' : `its metadata ${HEAD_KEY} says that it ends`;
    throw badUsage(
      `${says} in a ${stated}: a ${option('head', head)} behind it would change its probabilities`,
    );
  }
  const count = type?.shape?.[at(axesOf(layout), 0)];
  if (head === 'softmax' && count === 1) {
    throw badUsage("`head: 'softmax'`: over one class it is always 1, use sigmoid");
  }
  const several: readonly Assumption[] =
    outputs.length > 1
      ? [
          {
            what: 'output',
            value: `'${outputs[0]?.name}', the first of ${outputs.length}`,
            option: 'outputName',
          },
        ]
      : [];
  const unknown: readonly Assumption[] =
    stated === 'unknown' && head === undefined
      ? [{ what: 'head', value: 'none: its values are probabilities', option: 'head' }]
      : [];
  const { classes, assumed } = classesOf(head ?? stated, metadata, background, count);
  const names = classNamesOf(
    metadata,
    classNames,
    typeof count === 'number' && count > 0 ? count : undefined,
  );
  return {
    classes: { ...classes, ...(names && { names }) },
    outputLayout: layout,
    ...(head !== undefined && { head }),
    assumed: [...several, ...unknown, ...assumed],
  };
}

/** The graph tells more surely than the metadata, which stays behind when somebody adds an operator. */
function endOf(end: OutputActivation, stated: string | undefined): OutputActivation {
  if (end !== 'unknown') return end;
  if (stated === 'none') return 'logits';
  return stated === 'sigmoid' || stated === 'softmax' ? stated : 'unknown';
}

function classesOf(
  end: OutputActivation,
  metadata: Outline['metadata'],
  given: Background | undefined,
  count: number | string | undefined,
): { readonly classes: Classes; readonly assumed: readonly Assumption[] } {
  if (given !== undefined && given !== 'none' && !(Number.isSafeInteger(given) && given >= 0)) {
    throw badUsage(`a background of ${given}, expected the index of a class, from 0 on, or none`);
  }
  if (end !== 'softmax' || count === 1) {
    if (given === undefined || given === 'none') return { classes: INDEPENDENT, assumed: [] };
    throw badUsage(`${option('background', given)} has no meaning: ${whyNoBackground(end, count)}`);
  }
  const stated = metadata.get(BACKGROUND_KEY);
  const checked = (background: Background) => {
    if (typeof count === 'number' && count > 0) checkBackground(background, count);
    return background;
  };
  const declared = () => fromMetadata(BACKGROUND_KEY, () => checked(parseBackground(stated ?? '0')));
  const background = given === undefined ? declared() : checked(given);
  const isAssumed =
    given === undefined &&
    (stated === undefined || assumptionsIn(metadata).some(({ option }) => option === 'background'));
  return {
    classes: { kind: 'exclusive', background },
    assumed: isAssumed ? [{ what: 'background', value: `class ${background}`, option: 'background' }] : [],
  };
}

function whyNoBackground(end: OutputActivation, count: number | string | undefined): string {
  if (count === 1) return 'it has one class';
  return end === 'unknown'
    ? 'nothing says that its classes exclude each other, as those of a softmax do'
    : 'its classes do not exclude each other';
}

function readRecipe(text: string, channels: number): Recipe {
  return fromMetadata(RECIPE_KEY, () => {
    const recipe = parseRecipe(text);
    fitRecipe(recipe, channels);
    return recipe;
  });
}

function fromMetadata<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badModel(`its metadata ${key}: ${reason(error)}`, { cause: error });
  }
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
    if (expected !== size) throw refused(`its ${name} is ${size}, but ${owner} resizes to ${expected}`);
  }
  if (sizing.kind === 'resize' && sizing.height * sizing.width > MAX_NETWORK_PIXELS) {
    const taker = isGiven ? `${owner} resizes to` : 'it takes';
    throw refused(`${taker} ${sizing.height} x ${sizing.width} pixels, more than can be held`);
  }
  if (sizing.kind === 'pad' && sizing.multiple ** 2 > MAX_NETWORK_PIXELS) {
    throw refused(`${owner} pads to a multiple of ${sizing.multiple} pixels, more than can be held`);
  }
}
