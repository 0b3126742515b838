import { intOf } from '../../ir/attribute.js';
import type { Value } from '../../ir/value.js';
import { conv } from '../../ops/conv.js';
import { reduceSum } from '../../ops/reduce.js';
import { inputGradient } from '../input-gradient.js';
import { axesButChannels, inputOf, perInput, type Rules, sizesOf } from '../rule.js';
import { weightGradient } from '../weight-gradient.js';
import { attributesOf, padded, windowsOf } from '../windows.js';

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
