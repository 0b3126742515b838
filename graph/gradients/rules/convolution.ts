import { at } from '../../common/at.js';
import { intOf } from '../../ir/attribute.js';
import type { Value } from '../../ir/value.js';
import { conv } from '../../ops/conv.js';
import { convTranspose } from '../../ops/conv-transpose.js';
import { reduceSum } from '../../ops/reduce.js';
import { reshape } from '../../ops/reshape.js';
import { reversed } from '../../ops/slice.js';
import { transpose } from '../../ops/transpose.js';
import { axesButChannels, inputOf, perInput, type Rules, sizesOf } from '../rule.js';
import { weightGradient } from '../weight-gradient.js';
import { attributesOf, cropped, padded, surrounded, type Window, windowsOf } from '../windows.js';

/**
 * The gradient of what a convolution reads: at a stride of 1 a convolution with the weights turned around, elsewhere a transposed one.
 * @param dy [N, M, ...count]
 * @param weight [M, C / group, ...kernel]
 * @returns [N, C, ...size]
 */
function inputGradient(dy: Value, weight: Value, windows: readonly Window[], group: number): Value {
  if (windows.every(({ stride }) => stride === 1)) return turnedConvolution(dy, weight, windows, group);
  return cropped(convTranspose(dy, weight, undefined, { ...attributesOf(windows), group }), windows);
}

function turnedConvolution(dy: Value, weight: Value, windows: readonly Window[], group: number): Value {
  const [outputs, perGroup, ...kernel] = sizesOf(weight, 'Conv');
  const grouped = [group, Number(outputs) / group, Number(perGroup), ...kernel];
  const axes = [...kernel.keys()].map((axis) => axis + 3);
  const exchanged = transpose(reshape(weight, grouped), [0, 2, 1, ...axes]);
  const long = axes.filter((axis) => at(grouped, axis) > 1);
  const channels = group * Number(perGroup);
  const dilations = windows.map(({ dilation }) => dilation);
  const filters = reshape(reversed(exchanged, long), [channels, at(grouped, 1), ...kernel]);
  return conv(surrounded(dy, windows), filters, undefined, { dilations, group });
}

const biasGradient = (dy: Value): Value => reduceSum(dy, axesButChannels(dy), false);

export const CONVOLUTIONS: Rules = {
  Conv(applied, dy) {
    const [x, weight] = [inputOf(applied, 0), inputOf(applied, 1)];
    const group = intOf(applied.attributes, 'group', 1);
    const windows = windowsOf(applied, x, dy, sizesOf(weight, applied.opType).slice(2));
    return perInput(
      applied,
      () => inputGradient(dy, weight, windows, group),
      () => weightGradient(x, dy, windows, group),
      () => biasGradient(dy),
    );
  },
  /** A convolution the other way round: windows slide over the output. */
  ConvTranspose(applied, dy) {
    const [x, weight] = [inputOf(applied, 0), inputOf(applied, 1)];
    const group = intOf(applied.attributes, 'group', 1);
    const windows = windowsOf(applied, dy, x, sizesOf(weight, applied.opType).slice(2));
    return perInput(
      applied,
      () => conv(padded(dy, windows), weight, undefined, { ...attributesOf(windows), group }),
      () => weightGradient(dy, x, windows, group),
      () => biasGradient(dy),
    );
  },
};
