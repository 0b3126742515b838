import { option } from '../../../graph/common/option.js';
import type { Normalization, NormalizationStep } from '../../../graph/recipe/normalization.js';
import type { Sizing } from '../../../graph/recipe/recipe.js';
import { type Component, plainName } from './config.js';
import type { Plain } from './expression.js';

/** What transforms do to an image, as far as a recipe does that. */
export interface Pixels {
  readonly normalization: Normalization;
  readonly sizing?: Sizing;
  /** What it does not do, a sentence each. */
  readonly notes: readonly string[];
}

type Arguments = Component['arguments'];

/** What a transform is in steps of a recipe; undefined for what these cannot say. */
type Steps = readonly NormalizationStep[] | undefined;

const numberIn = (args: Arguments, name: string, otherwise?: number): number | undefined => {
  const value = Object.hasOwn(args, name) ? args[name] : otherwise;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
};

const perOf = ({ channel_wise: channelWise }: Arguments) =>
  channelWise === true ? ({ per: 'channel' } as const) : {};

/** x becomes (x - mean) / std. */
function linear(mean: readonly number[], std: readonly number[]): Steps {
  if (std.some((value) => !(value > 0 && Number.isFinite(1 / value)))) return undefined;
  if (mean.every((value) => value === 0) && std.every((value) => value === 1)) return [];
  return [{ kind: 'mean-std', mean, std, of: 'samples' }];
}

/** From [low, high] to [least, most], as a line. */
function mapped(low: number, high: number, least: number, most: number): Steps {
  if (!(high > low && most > least)) return undefined;
  if (low === 0 && high === 255 && least === 0 && most === 1) return [{ kind: 'unit', bits: 8 }];
  const std = (high - low) / (most - least);
  return linear([low - least * std], [std]);
}

function joined(first: readonly NormalizationStep[], second: Steps): Steps {
  return second && [...first, ...second];
}

function scaleIntensity(args: Arguments): Steps {
  const [least, most] = [numberIn(args, 'minv', 0), numberIn(args, 'maxv', 1)];
  const factor = numberIn(args, 'factor');
  if (args.minv === null && args.maxv === null) {
    return factor === undefined ? [] : linear([0], [1 / (1 + factor)]);
  }
  if (least === undefined || most === undefined) return undefined;
  if (least === 0) return most > 0 ? [{ kind: 'min-max', to: most, ...perOf(args) }] : undefined;
  return joined([{ kind: 'min-max', to: 1, ...perOf(args) }], mapped(0, 1, least, most));
}

function scaleIntensityRange(args: Arguments): Steps {
  const [low, high] = [numberIn(args, 'a_min'), numberIn(args, 'a_max')];
  const [least, most] = [numberIn(args, 'b_min'), numberIn(args, 'b_max')];
  const isBound = least !== undefined && most !== undefined;
  if (low === undefined || high === undefined || (args.clip === true && !isBound)) return undefined;
  const line = isBound ? mapped(low, high, least, most) : mapped(low, high, 0, 1);
  return joined(args.clip === true && high > low ? [{ kind: 'clip', low, high }] : [], line);
}

function scaleIntensityRangePercentiles(args: Arguments): Steps {
  const [low, high] = [numberIn(args, 'lower'), numberIn(args, 'upper')];
  const [least, most] = [numberIn(args, 'b_min'), numberIn(args, 'b_max')];
  const isSaid = low !== undefined && high !== undefined && least !== undefined && most !== undefined;
  // Without `clip`, what is beyond the percentiles is stretched beyond the range.
  if (!isSaid || args.clip !== true || args.relative === true || !(low < high)) return undefined;
  return joined(
    [
      { kind: 'percentile-clip', low, high, ...perOf(args) },
      { kind: 'min-max', to: 1, ...perOf(args) },
    ],
    mapped(0, 1, least, most),
  );
}

/** A number, or one for each channel. */
function perChannel(value: Plain | undefined, channels: number): readonly number[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  const isFit = list.length === 1 || list.length === channels;
  return isFit && list.every((one) => typeof one === 'number') ? list : undefined;
}

function normalizeIntensity(args: Arguments, before: number, channels: number): Steps {
  const { subtrahend = null, divisor = null, nonzero } = args;
  if (subtrahend === null && divisor === null) {
    // A recipe counts samples as they are stored.
    if (nonzero === true && before > 0) return undefined;
    return [{ kind: 'z-score', ...perOf(args), ...(nonzero === true && { over: 'nonzero' }) }];
  }
  const [mean, std] = [perChannel(subtrahend, channels), perChannel(divisor, channels)];
  if (nonzero === true || mean === undefined || std === undefined) return undefined;
  const most = Math.max(mean.length, std.length);
  const stretched = (values: readonly number[]) =>
    values.length === most ? values : Array<number>(most).fill(values[0] as number);
  // Of a constant image MONAI divides by 1.
  return linear(
    stretched(mean),
    stretched(std).map((value) => (value === 0 ? 1 : value)),
  );
}

/** Intensities by the transform's name. @param before how many steps there are already */
const INTENSITIES: Readonly<Record<string, (args: Arguments, before: number, channels: number) => Steps>> = {
  ScaleIntensity: scaleIntensity,
  ScaleIntensityRange: scaleIntensityRange,
  ScaleIntensityRangePercentiles: scaleIntensityRangePercentiles,
  NormalizeIntensity: normalizeIntensity,
};

/** What an image is already, or has not. */
const IDLE = [
  ...['LoadImage', 'EnsureChannelFirst', 'AddChannel', 'AsChannelFirst', 'EnsureType', 'ToTensor'],
  ...['CastToType', 'Identity', 'DeleteItems', 'CopyItems', 'SelectItems', 'ToDevice'],
];

/** Of scans in space alone. */
const OF_SCANS = ['Orientation', 'Spacing'];

const whole = (value: Plain | undefined): value is number => Number.isSafeInteger(value) && Number(value) > 0;

/** `spatial_size`, in the order of the axes that images have here. */
function sizeOf({ spatial_size: size, size_mode: mode = 'all' }: Arguments): Sizing | undefined {
  const sizes = Array.isArray(size) ? size : [size, size];
  const [height, width] = sizes;
  if (mode !== 'all' || sizes.length !== 2 || !whole(height) || !whole(width)) return undefined;
  return { kind: 'resize', height, width };
}

/** Whether a transform is of the image and not of its label alone. */
function isOfImage({ arguments: { keys } }: Component, image: string): boolean {
  if (keys === undefined) return true;
  return (Array.isArray(keys) ? keys : [keys]).includes(image);
}

function imageKeyOf(transforms: readonly Component[]): string {
  const keys = transforms.find(({ name }) => plainName(name) === 'LoadImage')?.arguments.keys;
  const first = Array.isArray(keys) ? keys[0] : keys;
  return typeof first === 'string' ? first : 'image';
}

/** What becomes of an image's samples and size. @param channels of the network's input */
export function pixelsOf(transforms: readonly Component[], channels: number): Pixels {
  const image = imageKeyOf(transforms);
  const steps: NormalizationStep[] = [];
  const notes: string[] = [];
  const left: string[] = [];
  let sizing: Sizing | undefined;
  for (const transform of transforms.filter((one) => isOfImage(one, image))) {
    const { arguments: args } = transform;
    const name = plainName(transform.name);
    const read = Object.hasOwn(INTENSITIES, name) ? INTENSITIES[name] : undefined;
    const found = read?.(args, steps.length, channels);
    if (found !== undefined) steps.push(...found);
    else if (name === 'Resize' && sizeOf(args) !== undefined) {
      sizing = sizeOf(args);
      const { mode = 'area' } = args;
      if (mode !== 'bilinear' || args.anti_aliasing === true || args.align_corners === true) {
        notes.push(
          `Resize uses mode ${String(mode).slice(0, 20)} in MONAI; here it is bilinear with half-pixel centres`,
        );
      }
    } else if (OF_SCANS.includes(name))
      notes.push(`${name} applies to scans with a position in space: it is skipped for images`);
    else if (!IDLE.includes(name)) left.push(transform.name.slice(0, 60));
  }
  if (transforms.some(({ name }) => plainName(name) === 'LoadImage')) {
    notes.push(
      'MONAI loads images with the width as the first axis, this package with the height: if the network was not trained on transposed images, transpose yours',
    );
  }
  if (left.length > 0) {
    notes.push(
      `recipes do not support ${left.join(', ')}: give ${option('recipe')}, or images that are prepared accordingly`,
    );
  }
  return { normalization: asOne(steps), ...(sizing && { sizing }), notes };
}

/** Without a step, samples are taken as they are stored. */
function asOne(steps: readonly NormalizationStep[]): Normalization {
  const [first, ...others] = steps;
  if (first === undefined) return { kind: 'mean-std', mean: [0], std: [1], of: 'samples' };
  return others.length === 0 ? first : { kind: 'steps', steps };
}
