import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import type { IntensityWindow } from '../../graph/recipe/normalization.js';
import {
  type Background,
  type Grey,
  type ModelIo,
  RELEASE_SIDE,
  type Recipe,
  type Sizing,
} from '../../graph/recipe/recipe.js';
import type { Backbone, NamedArguments, Network } from '../backbones/backbone.js';
import { backboneOf } from '../backbones/index.js';
import type { MultistepForm } from '../decoders/multistep.js';
import { SETTING_NAMES, type Settings } from '../nn/settings.js';
import type { GraphOptions, InputSize } from './build.js';
import type { Hints } from './describe.js';

/** Hints as users give them. */
export interface HintOptions extends Hints {
  /** @deprecated Say `solverOptions: { form }`. */
  // biome-ignore lint/plugin: its name until the next version
  readonly lmdForm?: MultistepForm;
}

/** How a model takes images. */
export interface ImagePlan {
  /** Model input: preprocessed tensors (default), or raw images of any size. */
  readonly io?: ModelIo;
  /** With `io: 'image'`: bits per sample. Default: 16 where the recipe depends on stored values, else 8. */
  readonly imageBits?: 8 | 16;
  /** Clips stored values to a window and scales it to 0..1, before all other preprocessing. */
  readonly window?: IntensityWindow;
  /** Preprocessing. Default: the release's min-max, and a resize to the input's size (256 x 256 where open). */
  readonly recipe?: Partial<Recipe>;
  /** For a network of one channel: how to convert colour images, which are refused without it. */
  readonly grey?: Grey;
  /** The background class of a softmax. Default: 0. */
  readonly background?: Background;
  /** Class names in output order, including the background. Default: those in the checkpoint. */
  readonly classNames?: readonly string[];
  /** Pad images to a valid size instead of resizing them. */
  readonly nativeSize?: boolean;
}

/** Sizes of the input; where none is said, what `inputSizeOf` takes. */
export type GraphPlan = Partial<GraphOptions>;

/** What users say of an export. */
export interface ExportOptions extends HintOptions, Settings, ImagePlan, GraphPlan {
  /** The network: a name, or a backbone of your own. Default: recognised by its keys. */
  readonly backbone?: string | Backbone;
  /** Arguments of the network's constructor, for backbones that have some (`smp.unet`). */
  readonly backboneArguments?: NamedArguments;
}

/** An export, taken apart into what each of its steps needs. */
export interface ExportPlan {
  readonly backbone: Backbone | undefined;
  readonly hints: Hints;
  readonly settings: Settings;
  readonly images: ImagePlan;
  readonly graph: GraphPlan;
  /** What was taken for the network itself. */
  readonly assumed?: readonly Assumption[];
}

/** A side of volumes where nobody says a size: of 256, one feature map would take gigabytes. */
const VOLUME_SIDE = 64;

/** One image, of the size that a recipe resizes to or else the release's; open where images keep their own. */
export function imageSize({ recipe, nativeSize }: Pick<ImagePlan, 'recipe' | 'nativeSize'>): InputSize {
  const { sizing } = recipe ?? {};
  if (nativeSize || sizing?.kind === 'pad') return {};
  const { height, width } = sizing ?? { height: RELEASE_SIDE, width: RELEASE_SIDE };
  return { batch: 1, height, width };
}

/** The sizes of a model's input: those that are asked for, or else one image's or volume's as its network is used. */
export function inputSizeOf(
  { graph, images }: Pick<ExportPlan, 'graph' | 'images'>,
  network?: Network,
): InputSize {
  if (graph.size !== undefined) return graph.size;
  if (network?.axes === 3) {
    const [depth, height, width] = network.usualSize ?? Array(3).fill(VOLUME_SIDE);
    return { batch: 1, depth, height, width };
  }
  const sizing = images.recipe?.sizing ?? network?.sizing ?? usual(network?.usualSize);
  return imageSize({ ...pick(images, ['nativeSize']), ...(sizing && { recipe: { sizing } }) });
}

/** Whether nobody says the size of images: neither the user nor what is known of how the network is used. */
export function isSizeAssumed(
  { axes, sizing, usualSize, preparation }: Network,
  { graph, images }: Pick<ExportPlan, 'graph' | 'images'>,
): boolean {
  const isUsed = sizing !== undefined || usualSize !== undefined || preparation !== undefined;
  const isAsked = images.recipe?.sizing !== undefined || graph.size?.height !== undefined;
  return axes !== 3 && !isUsed && !isAsked;
}

/** Of images, for a network that is mostly run at one size. */
const usual = ([height, width]: readonly number[] = []): Sizing | undefined =>
  height === undefined || width === undefined ? undefined : { kind: 'resize', height, width };

// biome-ignore lint/plugin: its name until the next version
export function hintsOf({ lmdForm, solverOptions, ...options }: HintOptions): Hints {
  const given = { ...(lmdForm !== undefined && { lmdForm }), ...solverOptions };
  return { ...pick(options, ['decoder', 'activation', 'head']), solverOptions: given };
}

/** @throws NmodeError (BAD_USAGE) for a backbone that is none, and bits of images where prepared pixels are taken */
export function planExport(options: ExportOptions): ExportPlan {
  const { backbone, backboneArguments, io, imageBits } = options;
  if (backboneArguments !== undefined && backbone === undefined) {
    throw badUsage(`${option('backboneArguments')} requires ${option('backbone')}`);
  }
  if (imageBits !== undefined && io !== 'image') {
    throw badUsage(`${option('imageBits')} requires ${option('io', 'image')}`);
  }
  return {
    backbone: backbone === undefined ? undefined : backboneOf(backbone, backboneArguments),
    hints: hintsOf(options),
    settings: pick(options, SETTING_NAMES),
    images: pick(options, [
      ...(['io', 'imageBits', 'recipe', 'window', 'grey', 'background', 'classNames', 'nativeSize'] as const),
    ]),
    graph: pick(options, ['size', 'opset']),
  };
}
