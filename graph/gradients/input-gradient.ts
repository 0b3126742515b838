import { at } from '../common/at.js';
import type { Value } from '../ir/value.js';
import { conv } from '../ops/conv.js';
import { convTranspose } from '../ops/conv-transpose.js';
import { reshape } from '../ops/reshape.js';
import { reversed } from '../ops/slice.js';
import { transpose } from '../ops/transpose.js';
import { sizesOf } from './rule.js';
import { attributesOf, cropped, surrounded, type Window } from './windows.js';

/**
 * The gradient of what a convolution reads: at a stride of 1 a convolution with the weights turned around, elsewhere a transposed one.
 * @param dy [N, M, ...count]
 * @param weight [M, C / group, ...kernel]
 * @returns [N, C, ...size]
 */
export function inputGradient(dy: Value, weight: Value, windows: readonly Window[], group: number): Value {
  if (windows.every(({ stride }) => stride === 1)) return turnedConvolution(dy, weight, windows, group);
  return cropped(convTranspose(dy, weight, undefined, { ...attributesOf(windows), group }), windows);
}

function turnedConvolution(dy: Value, weight: Value, windows: readonly Window[], group: number): Value {
  const [outputs, perGroup, ...kernel] = sizesOf(weight, 'Conv');
  const grouped = [group, Number(outputs) / group, Number(perGroup), ...kernel];
  const axes = [...kernel.keys()].map((axis) => axis + 3);
  const exchanged = transpose(reshape(weight, grouped), [0, 2, 1, ...axes]);
  const turned = reversed(
    exchanged,
    axes.filter((axis) => at(grouped, axis) > 1),
  );
  const channels = group * Number(perGroup);
  const dilations = windows.map(({ dilation }) => dilation);
  const filters = reshape(turned, [channels, at(grouped, 1), ...kernel]);
  return conv(surrounded(dy, windows), filters, undefined, { dilations, group });
}
