import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { ChannelNormalization, Normalization } from '../../graph/recipe/normalization.js';
import {
  MIRROR_AXES,
  type Recipe,
  type Sizing,
  SPLINE_ORDERS,
  type Spacing,
} from '../../graph/recipe/recipe.js';
import type { Region } from '../../graph/recipe/regions.js';
import type { ChannelPreparation, Preparation, Resampling } from '../backbones/preparation.js';

/** What nnU-Net's own use of a network comes to here. */
export interface LibraryUse {
  readonly recipe: Recipe & { readonly sizing: Extract<Sizing, { readonly kind: 'slide' }> };
  /** The regions that its classes are, where they are. */
  readonly regions?: readonly Region[];
  /** What is done otherwise, one sentence each. */
  readonly notes: readonly string[];
}

/** Of images: a slice by itself, and pixels for millimetres. */
const IMAGE_READER = 'NaturalImage2DIO';

const PREPROCESSOR = 'DefaultPreprocessor';
const LABEL_MANAGER = 'LabelManager';

/** Windows are half of their side apart. */
const STEP = 0.5;

/**
 * The recipe that does to images what a plan of two axes does.
 * @throws NmodeError (BAD_CHECKPOINT) for a plan that no recipe can say
 */
export function libraryUse(preparation: Preparation): LibraryUse {
  const { patchSize, channels, mirroringAxes = [], labels, reader } = preparation;
  const [height = 0, width = 0] = patchSize;
  refuseOther(preparation);
  const areImages = reader === undefined || reader === IMAGE_READER;
  const spacing = spacingOf(preparation, areImages);
  const mirror = MIRROR_AXES.filter((_, axis) => mirroringAxes.includes(axis));
  const regions = labels?.regionsOrder?.map((label, index) => ({
    label,
    of: labels.outputs[index]?.labels.filter((value) => value !== 0) ?? [],
  }));
  return {
    recipe: {
      ...(areImages && isTransposed(preparation) && { transpose: true }),
      crop: 'foreground',
      normalization: normalizationOf(channels),
      ...(spacing && { spacing }),
      sizing: { kind: 'slide', height, width, step: STEP },
      ...(mirror.length > 0 && { mirror }),
      files: 'nnunet',
    },
    ...(regions && { regions }),
    notes: readerNotes(preparation),
  };
}

/** nnU-Net's own, which does nothing but what the plan says. @throws NmodeError (BAD_CHECKPOINT) */
function refuseOther(preparation: Preparation): void {
  const { place, preprocessor = PREPROCESSOR, labelManager = LABEL_MANAGER } = preparation;
  if (labelManager !== LABEL_MANAGER) {
    throw bad(
      `${place}: labels are made by ${labelManager.slice(0, 60)}, expected ${LABEL_MANAGER}: give ${option('recipe')}, and make labels of the probabilities`,
    );
  }
  if (preprocessor === PREPROCESSOR) return;
  throw bad(
    `${place}: images are prepared by ${preprocessor.slice(0, 60)}, expected ${PREPROCESSOR}: give ${option('recipe')}, or images that are prepared so`,
  );
}

function normalizationOf(channels: readonly ChannelPreparation[]): Normalization {
  const each = channels.map(channelNormalization);
  const [first, ...others] = each;
  if (first === undefined) throw new TypeError('a network of no channels');
  const isOne = others.every((other) => JSON.stringify(other) === JSON.stringify(first));
  return isOne ? first : { kind: 'channels', channels: each };
}

/** No deviation is divided by that is smaller. */
const LEAST_STD = 1e-8;

function channelNormalization({ scheme, isMasked, intensities }: ChannelPreparation): ChannelNormalization {
  switch (scheme) {
    case 'ZScoreNormalization':
      return { kind: 'z-score', per: 'channel', ...(isMasked && { over: 'foreground' }) };
    case 'RescaleTo01Normalization':
      return { kind: 'min-max', to: 1, per: 'channel' };
    case 'RGBTo01Normalization':
      return { kind: 'unit', bits: 8 };
    case 'NoNormalization':
      return { kind: 'mean-std', mean: [0], std: [1], of: 'samples' };
    case 'CTNormalization': {
      if (intensities === undefined) throw new TypeError('CTNormalization without its intensities');
      const { mean, std, low, high } = intensities;
      return {
        kind: 'steps',
        steps: [
          { kind: 'clip', low, high },
          { kind: 'mean-std', mean: [mean], std: [Math.max(std, LEAST_STD)], of: 'samples' },
        ],
      };
    }
  }
}

/** None where nothing is ever resampled. */
function spacingOf({ place, spacing, resampling }: Preparation, areImages: boolean): Spacing | undefined {
  const [height = 1, width = 1] = spacing;
  if (areImages && height === 1 && width === 1) return undefined;
  const [order, back] = [resampling.data, resampling.probabilities].map(orderOf);
  if (order === 'none' && back === 'none') return undefined;
  const known = SPLINE_ORDERS.find((each) => each === order);
  if (known !== undefined && back === 1)
    return { height, width, order: known, unit: areImages ? 'px' : 'mm' };
  const said = [resampling.data, resampling.probabilities].map(resamplingText).join(' and ');
  throw bad(
    `${place}: images are resampled by ${said}, expected resample_data_or_seg_to_shape of order 0, 1 or 3 and back of order 1, or resample_torch_fornnunet: run the network on images that are resampled`,
  );
}

/** Orders where its functions say none. */
const DEFAULT_ORDER = 3;

function orderOf({ name, arguments: args }: Resampling): unknown {
  switch (name) {
    case 'resample_data_or_seg_to_shape':
      return args.order ?? DEFAULT_ORDER;
    case 'resample_torch_fornnunet':
      return args.mode === undefined || args.mode === 'linear' ? 1 : args.mode;
    case 'no_resampling_hack':
      return 'none';
    default:
      return undefined;
  }
}

const resamplingText = ({ name, arguments: { order } }: Resampling): string =>
  `${name.slice(0, 60)}${order === undefined ? '' : ` of order ${String(JSON.stringify(order)).slice(0, 10)}`}`;

/** Whether rows become columns. @throws NmodeError (BAD_CHECKPOINT) where one of them would become slices */
function isTransposed({ place, transposeForward: [first, ...plane] }: Preparation): boolean {
  if (first === 0) return plane[0] === 2;
  throw bad(
    `${place}: transpose_forward puts axis ${first} first, which an image has no other slices along: expected 0`,
  );
}

function readerNotes({ place, reader, transposeForward }: Preparation): readonly string[] {
  if (reader === IMAGE_READER) return [];
  if (reader === undefined)
    return [
      `${place}: it names no image_reader_writer: taken to be of images, as ${IMAGE_READER} reads them`,
    ];
  return [
    `it was trained on slices of volumes (${reader.slice(0, 60)}): an image is such a slice, axes ${transposeForward.slice(1).join(' and ')} of a volume down and across, and is cropped and normalized by itself`,
  ];
}

const bad = (message: string) => new NmodeError('BAD_CHECKPOINT', message);
