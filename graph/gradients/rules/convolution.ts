import { intOf } from '../../ir/attribute.js';
import type { Value } from '../../ir/value.js';
import { conv as convWith } from '../../ops/conv.js';
import { reduceSum } from '../../ops/reduce.js';
import { inputGradient } from '../input-gradient.js';
import { axesButChannels, type GradientRule, inputOf, perInput, sizesOf } from '../rule.js';
import { padSpace } from '../taps.js';
import { weightGradient } from '../weight-gradient.js';
import { attributesOf, windowsOf } from '../windows.js';

const biasGradient = (dy: Value): Value => reduceSum(dy, axesButChannels(dy), false);

export const conv: GradientRule = (applied, dy) => {
  const [x, weight] = [inputOf(applied, 0), inputOf(applied, 1)];
  const group = intOf(applied.attributes, 'group', 1);
  const windows = windowsOf(applied, x, dy, sizesOf(weight, applied.opType).slice(2));
  return perInput(
    applied,
    () => inputGradient(dy, weight, windows, group),
    () => weightGradient(x, dy, windows, group),
    () => biasGradient(dy),
  );
};

/** A convolution the other way round: windows slide over the output. */
export const convTranspose: GradientRule = (applied, dy) => {
  const [x, weight] = [inputOf(applied, 0), inputOf(applied, 1)];
  const group = intOf(applied.attributes, 'group', 1);
  const windows = windowsOf(applied, dy, x, sizesOf(weight, applied.opType).slice(2));
  return perInput(
    applied,
    () => {
      const [before, after] = [windows.map((window) => window.before), windows.map((window) => window.after)];
      const padded = padSpace(dy, before, after);
      return convWith(padded, weight, undefined, { ...attributesOf(windows), group });
    },
    () => weightGradient(dy, x, windows, group),
    () => biasGradient(dy),
  );
};
