import type { Value } from '../../../graph/ir/value.js';
import { type ConvOptions, convNd, convTransposeNd, eachAxis, type PerAxis } from '../../nn/convolution.js';
import { add, channelsOf } from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';
import type { Arguments } from '../arguments/arguments.js';
import type { Following, Layer } from '../arguments/layers.js';
import { isOddPerAxis, isPerAxis, sizesText } from '../arguments/sizes.js';

/** What follows a convolution of MONAI, in the order of `ordering`: activation (A), dropout (D) and norm (N). */
export interface Adn extends Following {
  readonly ordering: string;
}

export const PLAIN_ORDER = 'NDA';

/** `adn_ordering`. @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) */
export function orderingOf(args: Arguments): string {
  const value = args.value('adn_ordering') ?? PLAIN_ORDER;
  const text = String(value).toUpperCase();
  if (/^[ADN]+$/.test(text) && new Set(text).size === text.length) return text;
  throw args.fault(['adn_ordering'], 'each of the letters A, D and N once at most');
}

/** Below `adn`; dropout does nothing at inference. */
function adn(x: Value, weights: Weights, { ordering, norm, act }: Adn): Value {
  const layers: Readonly<Record<string, Layer>> = { N: norm, A: act };
  return [...ordering].reduce((y, letter) => layers[letter]?.(y, weights.scope(letter)) ?? y, x);
}

export interface ConvolutionOptions extends Pick<ConvOptions, 'bias'> {
  readonly kernel?: PerAxis;
  readonly stride?: PerAxis;
  readonly transposed?: boolean;
  /** What follows; none for a convolution alone. */
  readonly adn?: Adn | undefined;
}

/** MONAI's Convolution: `conv`, with what keeps the size at a stride of 1, then `adn`. x [N, C, ...space] -> [N, out, ...space']. */
export function convolution(x: Value, weights: Weights, out: number, options: ConvolutionOptions): Value {
  const { kernel = 3, stride = 1, transposed = false, bias = true } = options;
  const inner = weights.scope('conv');
  const convolved = transposed
    ? enlarged(x, inner, out, kernel, stride, bias)
    : convNd(x, inner, out, kernel, { stride, bias });
  return options.adn === undefined ? convolved : adn(convolved, weights.scope('adn'), options.adn);
}

/** A transposed convolution that multiplies the size by its stride. */
function enlarged(
  x: Value,
  weights: Weights,
  out: number,
  kernel: PerAxis,
  stride: PerAxis,
  bias: boolean,
): Value {
  const padding = eachAxis(kernel, x, weights).map((size) => (size - 1) / 2);
  const outputPadding = eachAxis(stride, x, weights).map((step) => step - 1);
  return convTransposeNd(x, weights, out, kernel, { stride, padding, outputPadding, bias });
}

export interface ResidualOptions extends ConvolutionOptions {
  readonly subunits: number;
  /** What follows a convolution. */
  readonly adn: Adn;
  /** Whether nothing follows the last one. */
  readonly lastConvOnly?: boolean;
}

/** MONAI's ResidualUnit: convolutions `conv.unit0`, ... and beside them x, through `residual` where its shape changes. */
export function residualUnit(x: Value, weights: Weights, out: number, options: ResidualOptions): Value {
  const { subunits, stride = 1, kernel = 3, bias = true, lastConvOnly = false } = options;
  const strides = eachAxis(stride, x, weights);
  const isStrided = strides.some((step) => step !== 1);
  let y = x;
  for (let unit = 0; unit < subunits; unit++) {
    y = convolution(y, weights.scope('conv').scope(`unit${unit}`), out, {
      ...options,
      stride: unit === 0 ? strides : 1,
      adn: lastConvOnly && unit === subunits - 1 ? undefined : options.adn,
    });
  }
  if (!isStrided && channelsOf(x) === out) return add(y, x);
  const shortcut = weights.scope('residual');
  return add(y, convNd(x, shortcut, out, isStrided ? kernel : 1, { stride: strides, bias }));
}

/** `kernel_size` or its like, odd. @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) */
export function kernelOf(args: Arguments, name: string, axes: number): PerAxis {
  const value = args.value(name) ?? 3;
  if (isOddPerAxis(axes)(value)) return value;
  throw args.fault([name], `odd, ${sizesText(axes)}`);
}

/** `strides`, one for each of so many levels; MONAI itself leaves what is more. */
export function stridesOf(args: Arguments, levels: number, axes: number): readonly PerAxis[] {
  const standard = Array<PerAxis>(levels).fill(2);
  const strides = args.list('strides', standard, isPerAxis(axes), sizesText(axes));
  if (strides.length >= levels) return strides.slice(0, levels);
  throw args.fault(['strides'], `${levels} of them, one for each of 'channels' but the first`, standard);
}
