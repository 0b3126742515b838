import type { Value } from '../../graph/ir/value.js';
import { maxPool2d } from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';

/** Each level halves the resolution: more would need images of 65,536 pixels a side. */
const MAX_LEVELS = 16;

/**
 * The channels of each level that a checkpoint has, shallow to deep.
 * @param weightOf gives the key of a level's first convolution
 * @param standard where it has none of them
 */
export function widthsIn(
  shapes: Shapes,
  weightOf: (level: number) => string,
  standard: readonly number[],
): readonly number[] {
  const widths: number[] = [];
  while (widths.length < MAX_LEVELS) {
    const width = shapes.get(weightOf(widths.length))?.[0];
    if (width === undefined) break;
    widths.push(width);
  }
  return widths.length > 0 ? widths : standard;
}

/** The way down of an encoder: what each level makes of what the one before it gave. */
export function descend<Level>(
  input: Value,
  levels: readonly Level[],
  block: (x: Value, level: Level, index: number) => Value,
): readonly Value[] {
  let x = input;
  return levels.map((level, index) => {
    x = block(x, level, index);
    return x;
  });
}

/** A U-Net's path down: a block a level, each but the first behind a maximum pooling of 2, whose place `poolingOf` tells. */
export function contract(
  input: Value,
  poolingOf: (level: number) => Weights,
  widths: readonly number[],
  block: (x: Value, level: number, width: number) => Value,
): readonly Value[] {
  return descend(input, widths, (x, width, level) =>
    block(level === 0 ? x : maxPool2d(x, poolingOf(level), 2), level, width),
  );
}

/** Every level twice as wide as the one above it. */
export const doublingWidths = (width: number) => [1, 2, 4, 8, 16].map((factor) => factor * width);
