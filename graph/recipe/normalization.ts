import { at } from '../common/at.js';
import { fieldsOf, finite, isDivisor, kindOf, oneOf, positive } from '../common/fields.js';

/** What a statistic of a step is of: the whole image (default), or each channel by itself; all samples (default), or some. */
export interface Statistic {
  readonly per?: 'image' | 'channel';
  /**
   * By the samples as they are stored: all but those that are 0, or those of pixels that are not 0 in every channel. The others
   * then stay 0.
   */
  readonly over?: 'all' | 'nonzero' | 'foreground';
}

/** Stored values, as of CT or of a display. */
export interface IntensityWindow {
  readonly centre: number;
  readonly width: number;
}

/**
 * What is done to samples x. `full` is the largest that the image's depth holds (255, or 65535 at 16 bits); behind another step,
 * what that step gives at most: 1, or `to` of `min-max`.
 * - `min-max`: to (x - min) / (max - min), zeros for a constant image; `to` is 255 by default (the release);
 * - `unit`: x / full, 0..1; with `bits`, x / (2^bits - 1);
 * - `mean-std`: (x / full - mean) / std, channel by channel; one number holds for all. Of `samples`, (x - mean) / std;
 * - `z-score`: (x - mean) / std of the image's own, zeros for a constant one;
 * - `percentile-clip`: x within two percentiles of the image (NumPy's, linear between samples);
 * - `clip`: x within two numbers;
 * - `window`: (x - centre) / width + 1/2 within 0..1 (DICOM PS3.3 C.11.2.1.3.2, LINEAR_EXACT).
 */
export type NormalizationStep =
  | ({ readonly kind: 'min-max'; readonly to?: number } & Statistic)
  | { readonly kind: 'unit'; readonly bits?: number }
  | {
      readonly kind: 'mean-std';
      readonly mean: readonly number[];
      readonly std: readonly number[];
      readonly of?: 'unit' | 'samples';
    }
  | ({ readonly kind: 'z-score' } & Statistic)
  | ({ readonly kind: 'percentile-clip'; readonly low: number; readonly high: number } & Statistic)
  | { readonly kind: 'clip'; readonly low: number; readonly high: number }
  | ({ readonly kind: 'window' } & IntensityWindow);

/** One step, or several, each of what the one before gives. */
export type ChannelNormalization =
  | NormalizationStep
  | { readonly kind: 'steps'; readonly steps: readonly NormalizationStep[] };

/** The same for all channels, or one for each. */
export type Normalization =
  | ChannelNormalization
  | { readonly kind: 'channels'; readonly channels: readonly ChannelNormalization[] };

/** The normalizations that have a name of their own. ImageNet's figures are those of torchvision, the percentiles those of nnU-Net. */
export const NORMALIZATIONS = Object.freeze({
  release: { kind: 'min-max' },
  unit: { kind: 'unit' },
  imagenet: { kind: 'mean-std', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  'z-score': { kind: 'z-score', per: 'channel' },
  'z-score-nonzero': { kind: 'z-score', per: 'channel', over: 'nonzero' },
  percentile: {
    kind: 'steps',
    steps: [
      { kind: 'percentile-clip', low: 0.5, high: 99.5, per: 'channel' },
      { kind: 'min-max', to: 1, per: 'channel' },
    ],
  },
} satisfies Record<string, Normalization>);

export const stepsOf = (normalization: ChannelNormalization): readonly NormalizationStep[] =>
  normalization.kind === 'steps' ? normalization.steps : [normalization];

/** The one of all channels, or those of each. */
export const perChannel = (normalization: Normalization): readonly ChannelNormalization[] =>
  normalization.kind === 'channels' ? normalization.channels : [normalization];

/** The version of recipes that can say it first. */
export function versionOf(normalization: Normalization): 1 | 2 | 3 {
  const isNew = perChannel(normalization).some((own) =>
    stepsOf(own).some((step) => 'over' in step && step.over === 'foreground'),
  );
  if (normalization.kind === 'channels' || isNew) return 3;
  const { kind, ...rest } = normalization;
  const isFirst =
    kind === 'mean-std'
      ? normalization.mean.length === 3 && normalization.of === undefined
      : (kind === 'min-max' || kind === 'unit') && Object.keys(rest).length === 0;
  return isFirst ? 1 : 2;
}

/** Whether the numbers that are stored count, not only how they compare with each other or with the largest. */
export const isAbsolute = (normalization: Normalization): boolean =>
  perChannel(normalization).some(isOfStored);

function isOfStored(normalization: ChannelNormalization): boolean {
  const first = stepsOf(normalization).find(({ kind }) => kind !== 'percentile-clip');
  switch (first?.kind) {
    case 'unit':
      return first.bits !== undefined;
    case 'mean-std':
      return first.of === 'samples';
    case 'window':
    case 'clip':
      return true;
    default:
      return false;
  }
}

/** The normalization of what a window gives, in place of the window that it begins with. */
export function windowed(normalization: Normalization | undefined, window: IntensityWindow): Normalization {
  const first = { kind: 'window', ...parseWindow(window) } as const;
  if (normalization?.kind === 'channels')
    throw new TypeError('a window cannot come before normalizations of single channels');
  const steps = normalization === undefined ? [] : stepsOf(normalization);
  const rest = steps[0]?.kind === 'window' ? steps.slice(1) : steps;
  // A window gives 0..1 itself.
  const isUnit = rest.length === 1 && rest[0]?.kind === 'unit' && rest[0].bits === undefined;
  return rest.length === 0 || isUnit ? first : { kind: 'steps', steps: [first, ...rest] };
}

/** @throws TypeError, RangeError */
function parseWindow(value: unknown): IntensityWindow {
  const { centre, width } = fieldsOf(value, 'window', ['centre', 'width']);
  return {
    centre: finite(centre, 'the centre of the window'),
    width: positive(width, 'the width of the window'),
  };
}

/** A normalization in a few words. */
export function normalizationText(normalization: Normalization): string {
  const text = (own: ChannelNormalization) => stepsOf(own).map(stepText).join(', ');
  if (normalization.kind !== 'channels') return text(normalization);
  return normalization.channels.map((own, channel) => `channel ${channel} ${text(own)}`).join('; ');
}

function stepText(step: NormalizationStep): string {
  const withDetails = (...texts: readonly (string | false | undefined)[]) => {
    const given = texts.filter((text) => text);
    return given.length === 0 ? step.kind : `${step.kind} (${given.join('; ')})`;
  };
  const statistic = ({ per, over }: Statistic) => [
    per === 'channel' && 'each channel',
    over === 'nonzero' && 'of what is not 0',
    over === 'foreground' && 'of pixels that are not 0',
  ];
  switch (step.kind) {
    case 'unit':
      return withDetails(step.bits !== undefined && `${step.bits} bits`);
    case 'mean-std':
      return withDetails(
        `mean ${step.mean.join(', ')}`,
        `std ${step.std.join(', ')}`,
        step.of === 'samples' && 'of samples',
      );
    case 'min-max':
      return withDetails(step.to !== undefined && `to ${step.to}`, ...statistic(step));
    case 'z-score':
      return withDetails(...statistic(step));
    case 'percentile-clip':
      return withDetails(`${step.low} to ${step.high}`, ...statistic(step));
    case 'clip':
      return withDetails(`${step.low} to ${step.high}`);
    case 'window':
      return withDetails(`centre ${step.centre}`, `width ${step.width}`);
  }
}

/** The most steps that are read: more say nothing, and take time. */
const MAX_STEPS = 16;

/** The most channels that are prepared each in their own way. */
const MAX_CHANNELS = 64;

const STATISTIC = ['per', 'over'] as const;

/** The fields of each step, and those that may be left out. */
const FIELDS = {
  'min-max': [[], ['to', ...STATISTIC]],
  unit: [[], ['bits']],
  'mean-std': [['mean', 'std'], ['of']],
  'z-score': [[], STATISTIC],
  'percentile-clip': [['low', 'high'], STATISTIC],
  clip: [['low', 'high'], []],
  window: [['centre', 'width'], []],
} as const satisfies Record<NormalizationStep['kind'], readonly [readonly string[], readonly string[]]>;

type StepKind = keyof typeof FIELDS;
const isStepKind = (kind: unknown): kind is StepKind =>
  typeof kind === 'string' && Object.hasOwn(FIELDS, kind);

/** @throws TypeError, RangeError that names what is wrong */
export function parseNormalization(value: unknown): Normalization {
  const kind = kindOf(value, 'normalization');
  if (kind !== 'channels') return parseChannel(value);
  const { channels } = fieldsOf(value, 'normalization channels', ['kind', 'channels']);
  if (!Array.isArray(channels) || channels.length < 2 || channels.length > MAX_CHANNELS) {
    throw new TypeError(`channels is not a list of 2 to ${MAX_CHANNELS} normalizations`);
  }
  return { kind, channels: channels.map(parseChannel) };
}

function parseChannel(value: unknown): ChannelNormalization {
  const kind = kindOf(value, 'normalization');
  if (kind !== 'steps') return parseStep(value);
  const { steps } = fieldsOf(value, 'normalization steps', ['kind', 'steps']);
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > MAX_STEPS) {
    throw new TypeError(`steps is not a list of 1 to ${MAX_STEPS} normalizations`);
  }
  return { kind, steps: steps.map(parseStep) };
}

function parseStep(value: unknown): NormalizationStep {
  const kind = kindOf(value, 'normalization');
  if (!isStepKind(kind)) {
    throw new TypeError(
      `normalization '${kind}' is not one of ${Object.keys(FIELDS).join(', ')}, steps, channels`,
    );
  }
  const [needed, optional] = FIELDS[kind];
  const fields = fieldsOf(value, `normalization ${kind}`, ['kind', ...needed], optional);
  const statistic = parseStatistic(fields);
  const { to, bits, mean, std, of, low, high } = fields;
  switch (kind) {
    case 'min-max':
      return { kind, ...(to !== undefined && { to: positive(to, 'to') }), ...statistic };
    case 'unit':
      return { kind, ...(bits !== undefined && { bits: depth(bits) }) };
    case 'mean-std': {
      const parsed = {
        mean: numbersOf(mean, 'mean', Number.isFinite),
        std: numbersOf(std, 'std', isDivisor),
      };
      if (parsed.mean.length !== parsed.std.length) {
        throw new TypeError(`mean is of ${parsed.mean.length} channels, std of ${parsed.std.length}`);
      }
      return { kind, ...parsed, ...(of !== undefined && { of: oneOf(of, 'of', ['unit', 'samples']) }) };
    }
    case 'z-score':
      return { kind, ...statistic };
    case 'percentile-clip':
    case 'clip': {
      const bounds = { low: finite(low, 'low'), high: finite(high, 'high') };
      const isPercent = kind === 'clip' || (bounds.low >= 0 && bounds.high <= 100);
      if (bounds.low >= bounds.high || !isPercent) {
        throw new RangeError(
          `${kind} from ${bounds.low} to ${bounds.high}, expected a low below a high${kind === 'clip' ? '' : ', both from 0 to 100'}`,
        );
      }
      return kind === 'clip' ? { kind, ...bounds } : { kind, ...bounds, ...statistic };
    }
    case 'window':
      return { kind, ...parseWindow({ centre: fields.centre, width: fields.width }) };
  }
}

function parseStatistic({ per, over }: Readonly<Record<string, unknown>>): Statistic {
  return {
    ...(per !== undefined && { per: oneOf(per, 'per', ['image', 'channel']) }),
    ...(over !== undefined && { over: oneOf(over, 'over', ['all', 'nonzero', 'foreground']) }),
  };
}

function depth(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 16) return value;
  throw new RangeError('bits is not a whole number from 1 to 16');
}

function numbersOf(value: unknown, what: string, fits: (x: number) => boolean): readonly number[] {
  const isFit = (x: unknown): x is number => typeof x === 'number' && fits(x);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isFit)) {
    throw new TypeError(
      `${what} is not one number per channel${what === 'std' ? ', each above 0, that can be divided by' : ''}`,
    );
  }
  return value;
}

/** How many channels a normalization has numbers for; undefined for any. @throws RangeError where its steps disagree */
export function channelsOf(normalization: Normalization): number | undefined {
  const each = perChannel(normalization);
  const counts = each
    .flatMap(stepsOf)
    .map((step) => (step.kind === 'mean-std' ? step.mean.length : 1))
    .concat(each.length)
    .filter((count) => count !== 1);
  if (new Set(counts).size > 1) throw new RangeError(`its steps are of ${counts.join(' and ')} channels`);
  return counts.length === 0 ? undefined : at(counts, 0);
}
