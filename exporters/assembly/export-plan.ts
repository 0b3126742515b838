import type { Assumption } from '../../graph/common/assumption.js';
import { NmodeError } from '../../graph/common/errors.js';
import type { IntensityWindow } from '../../graph/common/normalization.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import {
  type Background,
  type Grey,
  type ModelIo,
  RELEASE_SIDE,
  type Recipe,
  type Sizing,
} from '../../graph/common/recipe.js';
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
  /** What the model takes: prepared pixels (default), or images of any size as they are. */
  readonly io?: ModelIo;
  /** Bits of a sample of such images; default 16 where the recipe looks at stored values, else 8. */
  readonly imageBits?: 8 | 16;
  /** Stored values that the recipe begins with: what is below and above is cut. */
  readonly window?: IntensityWindow;
  /** How images are prepared; default the release's min-max, and a resize to the input's size (256 x 256 where open). */
  readonly recipe?: Partial<Recipe>;
  /** What one grey channel is made of where an image has colours; without, such an image is refused. */
  readonly grey?: Grey;
  /** Of several classes with a softmax, the one that is no mask; default 0. */
  readonly background?: Background;
  /** What the classes are called, in their order, the background too; default what the checkpoint says. */
  readonly classNames?: readonly string[];
  /** Images keep their own size, padded to what the levels divide, instead of being resized. */
  readonly nativeSize?: boolean;
}

/** Sizes of the input; where none is said, what `inputSizeOf` takes. */
export type GraphPlan = Partial<GraphOptions>;

/** What users say of an export. */
export interface ExportOptions extends HintOptions, Settings, ImagePlan, GraphPlan {
  /** What the network is: a name, or a backbone of your own. By default the keys tell. */
  readonly backbone?: string | Backbone;
  /** What the class of its network was called with, for a backbone that is told by arguments (`smp.unet`). */
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
    throw new NmodeError(
      'BAD_USAGE',
      `${option('backboneArguments')} has a meaning with ${option('backbone')} alone`,
    );
  }
  if (imageBits !== undefined && io !== 'image') {
    throw new NmodeError(
      'BAD_USAGE',
      `${option('imageBits')} has a meaning with ${option('io', 'image')} alone`,
    );
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
