import { InvalidArgumentError } from 'commander';

/** '256x128' -> height 256, width 128. */
export function parseSize(text: string): { height: number; width: number } {
  const [, height, width] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (height === undefined || width === undefined) {
    throw new InvalidArgumentError('Expected HEIGHTxWIDTH in pixels, for example 256x256.');
  }
  return { height: Number(height), width: Number(width) };
}

export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 on.');
  return Number(text);
}

export function parseTolerance(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('Expected a number from 0 on, for example 1e-5.');
  }
  return value;
}

export function parseProbability(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('Expected a number from 0 to 1.');
  return value;
}
