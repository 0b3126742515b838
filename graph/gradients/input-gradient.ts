import { at } from '../common/at.js';
import type { Value } from '../ir/value.js';
import { conv } from '../ops/conv.js';
import { convTranspose } from '../ops/conv-transpose.js';
import { reshape } from '../ops/reshape.js';
import { reversed } from '../ops/slice.js';
import { transpose } from '../ops/transpose.js';
import { sizesOf } from './rule.js';
import { padSpace } from './taps.js';
import { attributesOf, type Window } from './windows.js';

/**
 * The gradient of what a convolution reads: at a stride of 1 a convolution with the weights turned around, elsewhere a transposed one.
 * @param dy [N, M, ...count]
 * @param weight [M, C / group, ...kernel]
 * @returns [N, C, ...size]
 */
export function inputGradient(dy: Value, weight: Value, windows: readonly Window[], group: number): Value {
  if (windows.every(({ stride }) => stride === 1)) return turnedConvolution(dy, weight, windows, group);
  const whole = convTranspose(dy, weight, undefined, { ...attributesOf(windows), group });
  return padSpace(
    whole,
    windows.map(({ before }) => -before),
    windows.map(({ after }) => -after),
  );
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
  const reach = windows.map((window) => window.dilation * (window.kernel - 1));
  const padded = padSpace(
    dy,
    windows.map(({ before }, axis) => at(reach, axis) - before),
    windows.map(({ after }, axis) => at(reach, axis) - after),
  );
  return conv(padded, reshape(turned, [channels, at(grouped, 1), ...kernel]), undefined, {
    dilations: windows.map(({ dilation }) => dilation),
    group,
  });
}
