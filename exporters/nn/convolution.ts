import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { each, either, FLAG, type Kinds, NUMBER, NUMBERS } from '../../graph/common/option-kinds.js';
import { int64List, type Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { conv } from '../../graph/ops/conv.js';
import { convTranspose } from '../../graph/ops/conv-transpose.js';
import { pad } from '../../graph/ops/pad.js';
import { sliceEnd } from '../../graph/ops/slice.js';
import type { Padding } from './settings.js';
import type { Weights } from './weights.js';
import { channelsOf, checkLayer, within } from './within.js';

/** A size of every axis of space, or one for each. */
export type PerAxis = number | readonly number[];

const isEach = (sizes: readonly number[], size: number) => sizes.every((other) => other === size);

export interface ConvOptions {
  /** Default 1. */
  readonly stride?: PerAxis;
  /** Default dilation (kernel - 1) / 2 of each axis, which keeps the size at a stride of 1. (PyTorch's own default is 0.) */
  readonly padding?: PerAxis;
  readonly dilation?: number;
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
}

const PER_AXIS = either(NUMBER, NUMBERS);

const CONV_KINDS: Kinds<ConvOptions> = {
  ...each(['stride', 'padding'], PER_AXIS),
  ...each(['dilation', 'groups'], NUMBER),
  bias: FLAG,
};

/** A size for each axis of x's space. @throws NmodeError (BAD_USAGE) for another number of them */
export function eachAxis(sizes: PerAxis, x: Value, weights: Weights): readonly number[] {
  const axes = x.shape.length - 2;
  if (typeof sizes === 'number') return Array(axes).fill(sizes);
  if (sizes.length === axes) return sizes;
  throw badUsage(`${weights.path}: ${sizes.length} sizes, [${sizes.join(', ')}], for ${axes} axes of space`);
}

/** torch.nn.Conv1d, 2d or 3d(C, out, kernel), as x has axes. x [N, C, ...space] -> [N, out, ...space']. */
export function convNd(
  x: Value,
  weights: Weights,
  out: number,
  kernel: PerAxis,
  options: ConvOptions = {},
): Value {
  return within(weights, () => {
    checkLayer(weights, options, CONV_KINDS);
    const { stride, dilation = 1, padding, groups = 1, bias = true } = options;
    const channels = channelsOf(x);
    if (channels % groups !== 0 || out % groups !== 0) {
      throw badUsage(
        `${weights.path}: ${groups} groups do not divide both the ${channels} channels taken and the ${out} given`,
      );
    }
    const kernels = eachAxis(kernel, x, weights);
    const around = kernels.map((size) => (dilation * (size - 1)) / 2);
    const sides = padding === undefined ? around : eachAxis(padding, x, weights);
    const { taken, pads } = padded(x, weights, sides);
    return conv(
      taken,
      weights.take('weight', [out, channels / groups, ...kernels]),
      bias ? weights.take('bias', [out]) : undefined,
      {
        pads,
        ...(stride !== undefined && { strides: eachAxis(stride, x, weights) }),
        ...(dilation !== 1 && { dilations: kernels.map(() => dilation) }),
        ...(groups !== 1 && { group: groups }),
      },
    );
  });
}

export interface ConvTransposeOptions {
  /** Default 1, as in PyTorch. */
  readonly stride?: PerAxis;
  /** Default 0. */
  readonly padding?: PerAxis;
  /** Rows that are added at the end of each axis; default 0. */
  readonly outputPadding?: PerAxis;
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
}

const CONV_TRANSPOSE_KINDS: Kinds<ConvTransposeOptions> = {
  ...each(['stride', 'padding', 'outputPadding'], PER_AXIS),
  ...{ groups: NUMBER, bias: FLAG },
};

/** torch.nn.ConvTranspose1d, 2d or 3d(C, out, kernel), as x has axes. x [N, C, ...space] -> [N, out, ...space']. */
export function convTransposeNd(
  x: Value,
  weights: Weights,
  out: number,
  kernel: PerAxis,
  options: ConvTransposeOptions = {},
): Value {
  return within(weights, () => {
    checkLayer(weights, options, CONV_TRANSPOSE_KINDS);
    const { stride = 1, padding = 0, outputPadding = 0, groups = 1, bias = true } = options;
    const sizes = (given: PerAxis) => eachAxis(given, x, weights);
    const [kernels, pads, extra] = [sizes(kernel), sizes(padding), sizes(outputPadding)];
    const weight = weights.take('weight', [channelsOf(x), out / groups, ...kernels]);
    return convTranspose(x, weight, bias ? weights.take('bias', [out]) : undefined, {
      strides: sizes(stride),
      ...(!isEach(pads, 0) && { pads: [...pads, ...pads] }),
      ...(!isEach(extra, 0) && { outputPadding: extra }),
      ...(groups !== 1 && { group: groups }),
    });
  });
}

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
    throw badUsage(
      `${option('padding', mode)}: ${path} pads ${side} pixels at each end of ${size}, expected ${least} at least: it needs a larger input`,
    );
  }
}

function surround(x: Value, sides: Sides, mode: Exclude<Padding, 'zeros'>): Value {
  if (mode === 'circular') return sides.reduce((wide, side, axis) => wrapped(wide, axis + 2, side), x);
  const ends = [0, 0, ...sides];
  return pad(x, int64List([...ends, ...ends]), mode === 'reflect' ? 'reflect' : 'edge');
}

/** The last elements of an axis before it, and its first behind it. (Pad's own mode for that needs opset 19.) */
function wrapped(x: Value, axis: number, count: number): Value {
  if (count === 0) return x;
  return concat([sliceEnd(x, axis, count, 'last'), x, sliceEnd(x, axis, count, 'first')], axis);
}
