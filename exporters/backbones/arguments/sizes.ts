import { at } from '../../../graph/common/at.js';
import type { PerAxis } from '../../nn/convolution.js';
import { type Arguments, isWhole, MOST } from './arguments.js';

/** No kernel or stride is larger. */
const MOST_SIZE = 64;

const isSize = (value: unknown): value is number => isWhole(value, 1, MOST_SIZE);

/** What is expected of one of all axes, or of each. */
export const sizesText = (axes: number): string =>
  `a whole number from 1 to ${MOST_SIZE}, or one for each of ${axes} axes`;

/** Whether a value is a size of all axes, or one for each. */
export const isPerAxis =
  (axes: number) =>
  (value: unknown): value is PerAxis =>
    isSize(value) || (Array.isArray(value) && value.length === axes && value.every(isSize));

/** The same, all odd. */
export const isOddPerAxis =
  (axes: number) =>
  (value: unknown): value is PerAxis =>
    isPerAxis(axes)(value) && [value].flat().every((size) => size % 2 === 1);

/** The product of factors along each axis. */
export const factorsOf = (factors: readonly PerAxis[], axes: number): readonly number[] =>
  Array.from({ length: axes }, (_, axis) =>
    factors.reduce<number>((all, each) => all * (typeof each === 'number' ? each : at(each, axis)), 1),
  );

const isChannels = (value: unknown): value is number => isWhole(value, 1, MOST);

/** `channels` or its like: a number for each level. */
export const channelsOfLevels = (
  args: Arguments,
  name: string,
  otherwise: readonly number[],
  count?: number,
): readonly number[] => args.list(name, otherwise, isChannels, `a whole number from 1 to ${MOST}`, count);

/** Numbers of an argument, for the metadata: `2,2,1x2x2`. */
export const listText = (sizes: readonly (number | readonly number[])[]): string =>
  sizes.map((size) => (typeof size === 'number' ? size : size.join('x'))).join(',');
