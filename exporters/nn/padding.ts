import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { int64Tensor } from '../../graph/ir/tensor.js';
import { constant, type Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { pad } from '../../graph/ops/pad.js';
import { sliceEnd } from '../../graph/ops/slice.js';
import type { Padding } from './settings.js';
import type { Weights } from './weights.js';

/** The pixels that a convolution adds at both ends of each axis of space. */
type Sides = readonly number[];

/**
 * A convolution's input and its own padding, in ONNX's order: with zeros the convolution pads, all else is put around x before.
 * x [N, C, ...space].
 */
export function padded(
  x: Value,
  weights: Weights,
  sides: Sides,
): { readonly taken: Value; readonly pads: readonly number[] } {
  if (sides.every((side) => side === 0)) return { taken: x, pads: [...sides, ...sides] };
  const mode = weights.settings.take('padding', 'zeros');
  if (mode === 'zeros') return { taken: x, pads: [...sides, ...sides] };
  refuseSmall(x, weights, sides, mode);
  return { taken: surround(x, sides, mode), pads: [...sides, ...sides].map(() => 0) };
}

/** As PyTorch: no pixel is mirrored or comes around twice. @throws NmodeError (BAD_USAGE) */
function refuseSmall({ shape }: Value, { path }: Weights, sides: Sides, mode: Padding): void {
  for (const [axis, side] of sides.entries()) {
    const [size, least] = [shape[axis + 2], mode === 'reflect' ? side + 1 : side];
    if (mode === 'replicate' || typeof size !== 'number' || size >= least) continue;
    throw new NmodeError(
      'BAD_USAGE',
      `${option('padding', mode)}: ${path} pads ${side} pixels at each end of ${size}, expected ${least} at least: it needs a larger input`,
    );
  }
}

function surround(x: Value, sides: Sides, mode: Exclude<Padding, 'zeros'>): Value {
  if (mode === 'circular') return sides.reduce((wide, side, axis) => wrapped(wide, axis + 2, side), x);
  const ends = [0, 0, ...sides];
  const pads = constant(int64Tensor([2 * ends.length], [...ends, ...ends]));
  return pad(x, pads, mode === 'reflect' ? 'reflect' : 'edge');
}

/** The last elements of an axis before it, and its first behind it. (Pad's own mode for that needs opset 19.) */
function wrapped(x: Value, axis: number, count: number): Value {
  if (count === 0) return x;
  return concat([sliceEnd(x, axis, count, 'last'), x, sliceEnd(x, axis, count, 'first')], axis);
}
