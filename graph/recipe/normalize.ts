import { at } from '../common/at.js';
import type { ChannelNormalization, Normalization, NormalizationStep, Statistic } from './normalization.js';
import { perChannel, stepsOf } from './normalization.js';

/**
 * The arithmetic of normalizations: what runs on an image at once, and what writes operators for later. `X` is an image, `S`
 * numbers for its channels, or one for all.
 */
export interface Arithmetic<X, S> {
  readonly numbers: (values: readonly number[]) => S;
  readonly least: (x: X, of: Statistic) => S;
  readonly most: (x: X, of: Statistic) => S;
  readonly mean: (x: X, of: Statistic) => S;
  /** The root of the mean of squares. */
  readonly rootMeanSquare: (x: X, of: Statistic) => S;
  /** NumPy's, linear between samples. @param percent 0..100 */
  readonly percentile: (x: X, percent: number, of: Statistic) => S;
  readonly difference: (a: S, b: S) => S;
  /** number / max(s, least) */
  readonly quotient: (number: number, s: S, least: number) => S;
  readonly subtract: (x: X, s: S) => X;
  readonly multiply: (x: X, s: S) => X;
  readonly clip: (x: X, low: S, high: S) => X;
  /** 0 where the sample, or its pixel in every channel, is stored as 0. */
  readonly keepZeros: (x: X, over: 'nonzero' | 'foreground') => X;
  /** Of each image its own channel: of the first the first. */
  readonly diagonal: (images: readonly X[]) => X;
}

/** Samples that are stored are whole numbers: a range below 1 is a constant image, which gives zeros. */
const LEAST_RANGE = 1;

/** Beyond the first step, a range or deviation below this is a constant image. */
const LEAST = 1e-8;

/** An image as a normalization wants it. @param full the largest value that the image's depth holds */
export function normalize<X, S>(
  arithmetic: Arithmetic<X, S>,
  image: X,
  normalization: Normalization,
  full: number,
): X {
  const images = perChannel(normalization).map((own) => normalizeAll(arithmetic, image, own, full));
  return normalization.kind === 'channels' ? arithmetic.diagonal(images) : at(images, 0);
}

function normalizeAll<X, S>(
  arithmetic: Arithmetic<X, S>,
  image: X,
  normalization: ChannelNormalization,
  full: number,
): X {
  let [x, most, least] = [image, full, LEAST_RANGE];
  for (const step of stepsOf(normalization)) {
    const next = applied(arithmetic, x, step, most, least);
    const over = 'over' in step ? step.over : undefined;
    x = over === 'nonzero' || over === 'foreground' ? arithmetic.keepZeros(next, over) : next;
    most = fullAfter(step, most);
    least = LEAST;
  }
  return x;
}

function fullAfter(step: NormalizationStep, full: number): number {
  if (step.kind === 'min-max') return step.to ?? MIN_MAX_TO;
  return step.kind === 'percentile-clip' || step.kind === 'clip' ? full : 1;
}

/** The release's. */
const MIN_MAX_TO = 255;

function applied<X, S>(
  { numbers, subtract, multiply, clip, ...a }: Arithmetic<X, S>,
  x: X,
  step: NormalizationStep,
  full: number,
  least: number,
): X {
  switch (step.kind) {
    case 'min-max': {
      const [low, high] = [a.least(x, step), a.most(x, step)];
      return multiply(subtract(x, low), a.quotient(step.to ?? MIN_MAX_TO, a.difference(high, low), least));
    }
    case 'unit':
      return multiply(x, numbers([1 / (step.bits === undefined ? full : 2 ** step.bits - 1)]));
    case 'mean-std': {
      const { mean, std, of = 'unit' } = step;
      const one = of === 'samples' ? 1 : full;
      const centred = subtract(x, numbers(mean.map((value) => one * value)));
      return multiply(centred, numbers(std.map((value) => 1 / (one * value))));
    }
    case 'z-score': {
      // From the least on: the mean of a constant image is then 0 in any arithmetic.
      const above = subtract(x, a.least(x, step));
      const centred = subtract(above, a.mean(above, step));
      return multiply(centred, a.quotient(1, a.rootMeanSquare(centred, step), LEAST));
    }
    case 'percentile-clip':
      return clip(x, a.percentile(x, step.low, step), a.percentile(x, step.high, step));
    case 'clip':
      return clip(x, numbers([step.low]), numbers([step.high]));
    case 'window': {
      const { centre, width } = step;
      const stretched = multiply(subtract(x, numbers([centre - width / 2])), numbers([1 / width]));
      return clip(stretched, numbers([0]), numbers([1]));
    }
  }
}

/** Whether it maps all samples of a channel by one line, so that it may as well follow a resize. */
export const isLinear = (normalization: Normalization): boolean =>
  perChannel(normalization)
    .flatMap(stepsOf)
    .every(
      (step) =>
        step.kind === 'unit' ||
        step.kind === 'mean-std' ||
        ((step.kind === 'min-max' || step.kind === 'z-score') && (step.over ?? 'all') === 'all'),
    );
