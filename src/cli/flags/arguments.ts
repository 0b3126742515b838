import { InvalidArgumentError } from 'commander';
import { parseDecimal } from '../../../graph/common/decimal.js';
import { MAX_TIMER } from '../../../runtime/common/timer.js';

/** '256x128' -> height 256, width 128. */
export function parseSize(text: string): { height: number; width: number } {
  const [, height, width] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? [];
  if (height === undefined || width === undefined) {
    throw new InvalidArgumentError(
      'Expected HEIGHTxWIDTH in pixels, each from 1 to 99999, for example 256x256.',
    );
  }
  return { height: Number(height), width: Number(width) };
}

/** '256x128' likewise, and '32x64x64' -> depth 32, height 64, width 64. */
export function parseSpace(text: string): { depth?: number; height: number; width: number } {
  const [, depth, plane] = /^(?:([1-9]\d{0,4})x)?([1-9]\d{0,4}x[1-9]\d{0,4})$/.exec(text) ?? [];
  if (plane === undefined) {
    throw new InvalidArgumentError(
      'Expected HEIGHTxWIDTH in pixels, or DEPTHxHEIGHTxWIDTH of a volume, each from 1 to 99999, for example 256x256.',
    );
  }
  return { ...(depth !== undefined && { depth: Number(depth) }), ...parseSize(plane) };
}

/** '0.8,0.8' -> height 0.8, width 0.8, millimetres of a pixel. */
export function parseSpacing(text: string): { height: number; width: number } {
  const [height = 0, width = 0, ...others] = text.split(',').map(parseDecimal);
  if (!(height > 0 && width > 0) || others.length > 0)
    throw new InvalidArgumentError('Expected HEIGHT,WIDTH, two numbers above 0, for example 0.8,0.8.');
  return { height, width };
}

export const wholeFrom =
  (least: number, most: number, why?: string) =>
  (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(
        `Expected a whole number from ${least} to ${most}${why === undefined ? '' : ` (${why})`}.`,
      );
    }
    return value;
  };

export const parseCount = wholeFrom(1, 999_999);

/** '0,1,2' -> ['0', '1', '2'], the folds of nnU-Net; `all` is one. */
export function parseFolds(text: string): readonly string[] {
  const folds = parseNames(text);
  if (!folds.every((fold) => /^(\d{1,4}|all)$/.test(fold))) {
    throw new InvalidArgumentError(
      'Expected numbers of folds with commas between, or all, for example 0,1,2.',
    );
  }
  return folds;
}

/** 'c1,c2' -> ['c1', 'c2']. */
export const parseNames = (text: string): readonly string[] => text.split(',').map((name) => name.trim());

/** A value of a sample. */
export const parseLabel = wholeFrom(0, 65535);

/** 0 for one that is free. */
export const parsePort = wholeFrom(0, 65535);

/** '0,128,0' -> [0, 128, 0]. */
export function parseColour(text: string): readonly [red: number, green: number, blue: number] {
  const [red = 256, green = 256, blue = 256, ...rest] = text
    .split(',')
    .map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (rest.length > 0 || Math.max(red, green, blue) > 255) {
    throw new InvalidArgumentError('Expected R,G,B, whole numbers from 0 to 255, for example 0,128,0.');
  }
  return [red, green, blue];
}

/** A variable that is not set makes an empty one. */
export function parsePath(text: string): string {
  if (text === '') throw new InvalidArgumentError('Expected a path.');
  return text;
}

/** A file to write. Models are no text for a pipe. */
export function parseOutput(text: string): string {
  if (text === '-') throw new InvalidArgumentError('Expected a file (./- for one of that name).');
  return parsePath(text);
}

/** Reads a number that fits, as the message says. */
export const numberThat =
  (fits: (value: number) => boolean, expected: string) =>
  (text: string): number => {
    const value = parseDecimal(text);
    if (value === undefined || !fits(value)) throw new InvalidArgumentError(`Expected ${expected}.`);
    return value;
  };

export const parseTolerance = numberThat((value) => value >= 0, 'a number of at least 0, for example 1e-5');

export const parseProbability = numberThat((value) => value >= 0 && value <= 1, 'a number from 0 to 1');

export const parsePositive = numberThat((value) => value > 0, 'a number above 0');

/** Milliseconds of a timer. */
export const parseMilliseconds = numberThat(
  (value) => value >= 0 && value <= MAX_TIMER,
  `a number of milliseconds from 0 to ${MAX_TIMER}`,
);

/** The same, of which 0 makes no sense. */
export const parseDeadline = numberThat(
  (value) => value > 0 && value <= MAX_TIMER,
  `a number of milliseconds above 0, at most ${MAX_TIMER}`,
);

/** Below a kilobyte nothing fits. */
const MIN_MEGABYTES = 0.001;

export const megabytesUpTo = (most: number) =>
  numberThat(
    (value) => value >= MIN_MEGABYTES && value <= most,
    `a number of megabytes from ${MIN_MEGABYTES} to ${most}`,
  );

/** Elements of tensors. */
export const parseElements = numberThat(
  (value) => Number.isInteger(value) && value >= 1 && value <= 2 ** 32,
  `a whole number from 1 to ${2 ** 32}`,
);
