import { check } from '../../graph/analysis/check.js';
import { withReceptiveField } from '../../graph/analysis/reach.js';
import { at } from '../../graph/common/at.js';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import type { Model } from '../../graph/ir/model.js';
import { type Assumption, assumedSize } from '../../graph/recipe/assumption.js';
import { NORMALIZATIONS } from '../../graph/recipe/normalization.js';
import {
  APPLIED_HEAD_KEY,
  BACKGROUND_KEY,
  type Background,
  BYTES_PER_PIXEL_KEY,
  checkRecipe,
  FOLDS_KEY,
  fitRecipe,
  HEAD_KEY,
  IO_KEY,
  RECIPE_KEY,
  REGIONS_KEY,
  RELEASE_SIDE,
  type Recipe,
  recipeSummary,
  recipeText,
  type Sizing,
  withWindow,
} from '../../graph/recipe/recipe.js';
import type { Network } from '../backbones/backbone.js';
import type { Checkpoint } from '../checkpoints/open.js';
import type { NmodeDecoder } from '../decoders/nmode.js';
import { checkSettings, type Settings, SettingsInUse } from '../nn/settings.js';
import { Weights, zeroWeights } from '../nn/weights.js';
import { assumptionsOf } from './assumptions.js';
import { buildModel, buildWithSkips, type InputSize, networkCost, sizeMultiple } from './build.js';
import { namedClasses } from './class-names.js';
import type { Description } from './describe.js';
import { type ExportPlan, type ImagePlan, inputSizeOf, isSizeAssumed } from './export-plan.js';
import { type LibraryUse, libraryUse } from './library-recipe.js';
import { foldsOf, ignoredNotes, prefixNotes, sourceMetadata, unusedTextNotes } from './network-weights.js';

export { shapesOf } from './network-weights.js';

export interface Exported {
  readonly model: Model;
  readonly description: Description;
  /** Trained numbers; running statistics are none. */
  readonly parameters: number;
  /** What the network's keys begin with in the file; '' for nothing. */
  readonly prefix: string;
  /** Keys of the file that the network does not use, counters not listed. */
  readonly leftAside: readonly string[];
  /** What was taken for what neither the checkpoint nor the options say. */
  readonly assumed: readonly Assumption[];
  /** What a careful user wants to know, one sentence each. */
  readonly notes: readonly string[];
  /** The network on prepared pixels that gives its features as well. @throws NmodeError (BAD_USAGE) as `buildWithSkips` */
  withSkips(): Model;
}

/**
 * Turns a checkpoint into a checked model.
 * @param others of the same network, which is then the mean of what all of them give before the head
 * @throws NmodeError (BAD_CHECKPOINT, BAD_USAGE)
 */
export function exportCheckpoint(
  checkpoint: Checkpoint,
  plan: ExportPlan,
  others: readonly Checkpoint[] = [],
): Exported {
  const { hints, images } = plan;
  const settings = new SettingsInUse(checkSettings(plan.settings));
  const folds = foldsOf([checkpoint, ...others], plan, settings);
  const { description: described, weights, view } = at(folds, 0);
  const use = libraryUseOf(described.network, images);
  const size = inputSizeOf(plan, described.network);
  const recipe = recipeOf(described, images, size, { isUsual: plan.graph.size === undefined, use });
  // Windows are averaged as logits, so that what a head makes of them comes behind.
  const isAveraged = recipe.sizing.kind === 'slide' && hints.head === undefined;
  const description: Description = isAveraged ? { ...described, head: 'none' } : described;
  const allWeights = folds.map((fold) => fold.weights);
  const built = buildModel(description, allWeights, {
    ...plan.graph,
    size,
    ...(images.io === 'image' && { imageRecipe: recipe, ...pick(images, ['imageBits']) }),
  });
  const { network } = description;
  const background = images.background ?? (described.head === 'softmax' ? network.background : undefined);
  const finished = folds.map((fold) => ({ ...fold, ...fold.finish() }));
  settings.refuseUnused(checkpoint.file);
  const { prefix, leftAside } = at(finished, 0);
  const named = namedClasses(checkpoint, description.classes, images.classNames, network.classNames);
  const metadata = new Map([
    ...architectureMetadata(description),
    // After the decoder's own variant, which they may change.
    ...settings.metadata,
    ...(folds.length > 1 ? [[FOLDS_KEY, String(folds.length)] satisfies [string, string]] : []),
    ...(isAveraged ? [[APPLIED_HEAD_KEY, described.head] satisfies [string, string]] : []),
    ...backgroundMetadata(described, background),
    ...regionMetadata(described, use),
    ...named.metadata,
    ...imageMetadata(description, recipe, plan),
    ...sourceMetadata(finished),
  ]);
  const model = withReceptiveField({ ...built, metadata });
  check(model);
  const assumed = [
    ...(plan.assumed ?? []),
    ...(checkpoint.assumed ?? []),
    ...assumptionsOf(description, hints, settings, network),
    ...(isRecipeAssumed(network, images)
      ? [{ what: 'recipe', value: assumedRecipe(described, recipe), option: 'recipe' }]
      : []),
    ...(isSizeAssumed(network, plan) ? assumedSize(recipe.sizing, 'size, nativeSize') : []),
    ...(described.head === 'softmax' && described.classes > 1 && background === undefined
      ? [{ what: 'background', value: 'class 0', option: 'background' }]
      : []),
  ];
  const narrowed = finished.reduce((sum, fold) => sum + fold.narrowed.length, 0);
  const notes = [
    ...(checkpoint.note === '' ? [] : [checkpoint.note]),
    ...(folds.length > 1 ? [`the mean of ${folds.map((fold) => fold.checkpoint.file).join(', ')}`] : []),
    ...prefixNotes(checkpoint, view),
    ...ignoredNotes(leftAside, network.backbone),
    ...unusedTextNotes(checkpoint, network),
    ...named.notes,
    ...(network.notes ?? []),
    ...(use?.notes ?? []),
    ...(narrowed > 0 ? [`${narrowed} float64 tensors were rounded to float32`] : []),
  ];
  const parameters = allWeights.reduce((sum, each) => sum + each.parameters, 0);
  const withSkips = () => ({ ...buildWithSkips(description, weights, size), metadata });
  return { model, description, parameters, prefix, leftAside, assumed, notes, withSkips };
}

/** Whether nobody says how images are prepared, of a network that takes any. */
function isRecipeAssumed(network: Network, { recipe, window }: ImagePlan): boolean {
  const isKnown = network.isRecipeSaid || network.preparation !== undefined;
  const isGiven = recipe?.normalization !== undefined || window !== undefined;
  return network.axes !== 3 && !isKnown && !isGiven;
}

/** The recipe that is assumed, whose it is, and whose it may be. */
function assumedRecipe({ network, decoder }: Description, recipe: Recipe): string {
  const { normalization, normalizedFor } = network;
  const trainedOn = decoder.id === 'original' ? decoder.own.trainedOn : undefined;
  return [
    recipeSummary(recipe),
    ...(normalization !== undefined && normalizedFor !== undefined ? [`as for ${normalizedFor}`] : []),
    ...(trainedOn === undefined ? [] : [`but ${trainedOn}`]),
  ].join(', ');
}

/**
 * How the library of a network uses it on images; undefined where nobody says, or a user says how they are normalized.
 * @throws NmodeError (BAD_CHECKPOINT) for what is not known of it
 */
function libraryUseOf({ axes, preparation }: Network, { recipe }: ImagePlan): LibraryUse | undefined {
  if (preparation === undefined || recipe?.normalization !== undefined) return undefined;
  const prepared = preparation();
  return axes === 3 ? undefined : libraryUse(prepared);
}

/** The regions that independent classes are. */
const regionMetadata = ({ head }: Description, use: LibraryUse | undefined): [string, string][] =>
  head === 'sigmoid' && use?.regions ? [[REGIONS_KEY, JSON.stringify(use.regions)]] : [];

/**
 * The recipe that an export is made with.
 * @param said whether nobody asked for the size, and how the network's library uses it
 * @throws NmodeError (BAD_USAGE) where its sizes contradict each other
 */
function recipeOf(
  { network }: Description,
  { recipe, grey, window, nativeSize, io }: ImagePlan,
  { batch = 1, height, width }: InputSize,
  { isUsual, use }: { readonly isUsual: boolean; readonly use: LibraryUse | undefined },
): Recipe {
  if (io === 'image' && batch !== 1) {
    throw badUsage(`a batch of ${batch}: a model that takes images as they are takes one image at a time`);
  }
  const asked = checkRecipe({ ...recipe, ...(grey !== undefined && { grey }) });
  const { sizing: given, ...others } = { ...use?.recipe, sizing: undefined, ...asked };
  const stated = others.normalization ?? network.normalization;
  const normalization =
    window === undefined
      ? (stated ?? NORMALIZATIONS.release)
      : withWindow(use ? stated : asked.normalization, window);
  fitRecipe({ ...others, normalization }, network.inputChannels);
  const native: Sizing = { kind: 'pad', multiple: network.stride };
  const resized: Sizing = { kind: 'resize', height: height ?? RELEASE_SIDE, width: width ?? RELEASE_SIDE };
  const own = isUsual ? network.sizing : undefined;
  const windows = use && { ...use.recipe.sizing, ...(height && { height }), ...(width && { width }) };
  const sizing = given ?? (nativeSize || own?.kind === 'pad' ? native : (windows ?? resized));
  if (sizing.kind !== 'pad') {
    const fits = (height ?? sizing.height) === sizing.height && (width ?? sizing.width) === sizing.width;
    if (nativeSize || !fits) {
      const size = nativeSize ? option('nativeSize') : `the size ${height ?? 'open'}x${width ?? 'open'}`;
      const way = sizing.kind === 'resize' ? 'resizes images to' : 'has windows of';
      throw badUsage(`the recipe ${way} ${sizing.height}x${sizing.width}, which contradicts ${size}`);
    }
  } else if (height !== undefined || width !== undefined) {
    throw badUsage('images cannot keep their own size where the input has a fixed one');
  } else if (sizing.multiple % network.stride !== 0) {
    throw badUsage(
      `the recipe pads to a multiple of ${sizing.multiple}, expected one of ${network.stride}, which every level divides`,
    );
  }
  return { ...others, normalization, sizing };
}

/** How the model takes images. */
function imageMetadata(
  description: Description,
  recipe: Recipe,
  { images, settings }: ExportPlan,
): [string, string][] {
  const entries: [string, string][] = [[IO_KEY, images.io ?? 'tensor']];
  // A recipe is of images.
  if (description.network.axes === 3) return entries;
  entries.push([RECIPE_KEY, recipeText(recipe)]);
  if (recipe.sizing.kind === 'pad') {
    entries.push([BYTES_PER_PIXEL_KEY, String(bytesPerPixel(description, settings))]);
  }
  return entries;
}

/** Counted on the network itself at a size where borders do not matter. */
function bytesPerPixel(description: Description, settings: Settings): number {
  const side = 8 * description.network.stride;
  const size = { batch: 1, height: side, width: side };
  const weights = Weights.from(zeroWeights, undefined, new SettingsInUse(settings));
  const { peakBytes } = networkCost(buildModel(description, weights, { size }));
  return Math.ceil(peakBytes / side ** 2);
}

/** `metadata_props` that describe the network: nothing in it depends on time or place. */
function architectureMetadata(description: Description): [string, string][] {
  const { network, classes, decoder, head } = description;
  const common: [string, string][] = [
    ['nmode.backbone', network.backbone],
    ...variantMetadata(network.variant),
    ['nmode.widths', network.widths.join(',')],
    ['nmode.classes', String(classes)],
    ['nmode.decoder', decoder.id],
    [HEAD_KEY, head],
    ['nmode.size_multiple', String(sizeMultiple(description))],
  ];
  const own = decoder.id === 'original' ? variantMetadata(decoder.own.variant) : nmodeMetadata(decoder);
  return [...common, ...own];
}

const variantMetadata = (variant: Readonly<Record<string, string>> = {}) =>
  Object.entries(variant).map(([key, value]): [string, string] => [`nmode.${key}`, value]);

/**
 * The class that is the background, where classes exclude each other.
 * @throws NmodeError (BAD_USAGE) for a background that there cannot be
 */
export function backgroundMetadata(
  { head, classes }: Pick<Description, 'head' | 'classes'>,
  background: Background | undefined,
): [string, string][] {
  if (head === 'softmax' && classes > 1) {
    if (typeof background === 'number' && background >= classes) {
      throw badUsage(`${option('background', background)}: the ${classes} classes are 0 to ${classes - 1}`);
    }
    return [[BACKGROUND_KEY, String(background ?? 0)]];
  }
  if (background === undefined || background === 'none') return [];
  const why =
    classes === 1 ? 'there is one class' : `the head is ${head}, and only a softmax has a background`;
  throw badUsage(`${option('background', background)} does not apply: ${why}`);
}

/** `metadata_props` that describe the steps of an nmODE decoder. */
export function nmodeMetadata(decoder: NmodeDecoder): [string, string][] {
  const { id, order, kernel, stateChannels, activation, solverOptions } = decoder;
  return [
    ['nmode.order', order],
    ['nmode.kernel', String(kernel)],
    ['nmode.state_channels', String(stateChannels)],
    ['nmode.activation', activation],
    ...Object.entries(solverOptions).map(([name, value]): [string, string] => [`nmode.${id}_${name}`, value]),
  ];
}
