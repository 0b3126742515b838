import { type Feature, imageOf } from '../../graph/analysis/features.js';
import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import type { Model } from '../../graph/ir/model.js';
import { type Assumption, assumptionsIn } from '../../graph/recipe/assumption.js';
import { type IntensityWindow, NORMALIZATIONS } from '../../graph/recipe/normalization.js';
import {
  type Background,
  checkRecipe,
  fitRecipe,
  type Grey,
  HEAD_KEY,
  IO_KEY,
  parseRecipe,
  RECIPE_KEY,
  RELEASE_SIDE,
  type Recipe,
  recipeText,
  type Sizing,
  withWindow,
} from '../../graph/recipe/recipe.js';
import { backgroundMetadata, nmodeMetadata } from '../assembly/export-model.js';
import type { Head } from '../assembly/head.js';
import { SOLVER_OPTIONS } from '../decoders/solvers.js';
import type { GraftDecoder } from './decoder.js';

/** What a graft is to say of images. */
export interface GraftImages {
  /** How images are prepared; default as the model says. */
  readonly recipe?: Partial<Recipe>;
  /** Clips stored values to a window and scales it to 0..1, before all other preprocessing. */
  readonly window?: IntensityWindow;
  /** For a network of one channel: how to convert colour images, which are refused without it. */
  readonly grey?: Grey;
  /** The background class of a softmax. Default: 0. */
  readonly background?: Background;
  /** What the classes are called, in their order, the background too. */
  readonly classNames?: readonly string[];
}

/** What a graft is to say of itself. */
export interface GraftFacts extends Pick<GraftDecoder, 'decoder' | 'classes' | 'source'> {
  readonly skips: readonly Feature[];
  readonly head: Head;
  readonly sizeMultiple: number;
  /** What the classes are called. */
  readonly classNames: readonly [string, string][];
  readonly images: GraftImages;
}

/** What stays true of a model of this package when it gets another decoder. */
const STAYING = new Set(['nmode.backbone', IO_KEY, RECIPE_KEY]);

/**
 * `metadata_props` of a model, or of its encoder, with its new decoder: what it had, but for what was said of the old one.
 * @throws NmodeError (BAD_USAGE) for a recipe that does not fit
 */
export function graftedMetadata(model: Model, facts: GraftFacts): ReadonlyMap<string, string> {
  const { skips, decoder, classes, head, sizeMultiple } = facts;
  const kept = [...model.metadata].filter(([key]) => !key.startsWith('nmode.') || STAYING.has(key));
  return new Map([
    ...kept,
    ['nmode.widths', skips.map(({ channels }) => channels).join(',')],
    ['nmode.scales', skips.map(({ scale }) => scale).join(',')],
    ['nmode.skips', JSON.stringify(skips.map(({ tensor }) => tensor))],
    ['nmode.classes', String(classes)],
    ['nmode.decoder', decoder.id],
    [HEAD_KEY, head],
    ...backgroundMetadata(facts, facts.images.background),
    ...facts.classNames,
    ['nmode.size_multiple', String(sizeMultiple)],
    ...nmodeMetadata(decoder),
    ...recipeMetadata(model, facts),
    ...facts.source,
  ]);
}

/** Nothing where neither the user nor the model says how images are prepared. */
function recipeMetadata(model: Model, { images, sizeMultiple }: GraftFacts): [string, string][] {
  const { recipe, window, grey } = images;
  const stored = model.metadata.get(RECIPE_KEY);
  if ([recipe, window, grey, stored].every((each) => each === undefined)) return [];
  const known: Partial<Recipe> = stored === undefined ? {} : storedRecipe(stored);
  const given = { ...known, ...checkRecipe({ ...recipe, ...(grey !== undefined && { grey }) }) };
  const asked = {
    normalization: NORMALIZATIONS.release,
    ...given,
    ...(window !== undefined && { normalization: withWindow(given.normalization, window) }),
  };
  const [, channels] = imageOf(model).shape;
  if (typeof channels === 'number') fitRecipe(asked, channels);
  const whole = { ...asked, sizing: fitting(asked.sizing, model, sizeMultiple) };
  return [
    [IO_KEY, 'tensor'],
    [RECIPE_KEY, recipeText(whole)],
  ];
}

/** @throws NmodeError (BAD_MODEL): it is the model's, not the user's */
function storedRecipe(text: string): Recipe {
  try {
    return parseRecipe(text);
  } catch (error) {
    throw new NmodeError('BAD_MODEL', `its metadata ${RECIPE_KEY}: ${reason(error)}`, { cause: error });
  }
}

/** The given sizing, or a resize to the model's size, or where that is open to about the release's. */
function fitting(given: Sizing | undefined, model: Model, multiple: number): Sizing {
  const [, , ...space] = imageOf(model).shape;
  const usual = Math.ceil(RELEASE_SIDE / multiple) * multiple;
  const [height = usual, width = usual] = space.map((size) => (typeof size === 'number' ? size : undefined));
  const sizing = given ?? { kind: 'resize', height, width };
  const sizes = sizing.kind === 'pad' ? [sizing.multiple] : [sizing.height, sizing.width];
  const misfits = sizes.some((size) => size % multiple !== 0);
  const isOther = space.some((size, axis) => typeof size === 'number' && size !== sizes[axis]);
  if (misfits || isOther) {
    const next = sizes.map((size) => Math.ceil(size / multiple) * multiple).join('x');
    const multiples = `multiples of ${multiple}${sizing.kind === 'pad' ? '' : `, such as ${next}`}`;
    const found =
      sizing.kind === 'pad' ? `padded to multiples of ${sizing.multiple}` : `resized to ${sizes.join('x')}`;
    throw badUsage(`images are ${found}, the network needs ${isOther ? `${height}x${width}` : multiples}`);
  }
  return sizing;
}

/** What a decoder brings with it. */
const OF_DECODERS = [
  ...['head', 'activation', 'blockActivation', 'upsample', 'alignCorners'],
  ...SOLVER_OPTIONS.map(({ key }) => key),
];

/** What a model of this package says of itself that is still true with another decoder. */
export function encoderAssumptions(
  { metadata }: Model,
  images: GraftImages,
  ofDecoder: readonly Assumption[],
): readonly Assumption[] {
  const isNormalized = images.recipe?.normalization !== undefined || images.window !== undefined;
  const said = [...(isNormalized ? ['recipe'] : []), ...(images.recipe?.sizing ? ['size'] : [])];
  return assumptionsIn(metadata)
    .filter(
      ({ what, option, verified }) => !verified && !OF_DECODERS.includes(option) && !said.includes(what),
    )
    .map(({ verified: _, ...assumption }) => assumption)
    .filter(({ what, value }) => !ofDecoder.some((other) => other.what === what && other.value === value));
}
