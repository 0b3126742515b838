import { badModel, badUsage } from '../../graph/common/errors.js';
import { headAdvice } from '../../graph/recipe/head-advice.js';
import type { Layout } from '../../graph/recipe/layout.js';
import type { Probabilities } from '../common/raster.js';
import type { Floats } from '../sessions/tensors.js';

/**
 * What a model gives of one image, classes first.
 * @throws NmodeError (BAD_MODEL) where it is not [1, classes, height, width], or in the order of its layout
 */
export function planesOf(output: Floats, layout: Layout): Probabilities {
  const { dims, data } = layout === 'NHWC' ? channelsFirst(output) : output;
  const [batch, classes, height, width, ...others] = dims;
  const is4d = height !== undefined && width !== undefined && others.length === 0;
  if (!is4d || batch !== 1 || classes === undefined || classes < 1 || classes > 255) {
    throw badModel(`the model gives [${dims}], expected [1, classes, H, W] of 1 to 255 classes`);
  }
  return { classes, width, height, data };
}

/** [1, H, W, classes] as [1, classes, H, W]; any other shape as it is. */
function channelsFirst({ dims, data: from }: Floats): Floats {
  const [batch = 0, height = 0, width = 0, classes = 0] = dims;
  const size = height * width;
  if (dims.length !== 4 || batch !== 1) return { dims, data: from };
  const data = new Float32Array(from.length);
  for (let label = 0; label < classes; label++) {
    for (let pixel = 0; pixel < size; pixel++)
      data[label * size + pixel] = from[pixel * classes + label] as number;
  }
  return { dims: [batch, classes, height, width], data };
}

/**
 * Rounding may pass 0 and 1 by a little.
 * @param mayBeLogits whether nobody says what they are, so that a head can be named
 * @throws NmodeError for what are no probabilities: BAD_MODEL, or where a head may be lacking BAD_USAGE
 */
export function checkProbabilities(data: Float32Array, classes: number, mayBeLogits: boolean): void {
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value >= -1e-3 && value <= 1.001) continue;
    if (!mayBeLogits || !Number.isFinite(value))
      throw badModel(`the model gives ${value}, expected probabilities from 0 to 1`);
    throw badUsage(
      `the model gives ${value}, expected probabilities: if these are logits, convert them with ${headAdvice(classes)}`,
    );
  }
}

/** Shares of 8 bits miss 1 by at most half a step a class. */
const SHARE_ERROR = 1e-2;

/**
 * Classes exclude each other where a softmax is over the classes, and not over what else a tensor has.
 * @throws NmodeError (BAD_MODEL)
 */
export function checkShares(data: Float32Array, classes: number): void {
  if (classes === 1) {
    throw badModel('the model gives a softmax over one class, which is always 1: expected a sigmoid');
  }
  const size = data.length / classes;
  const allowed = Math.max(SHARE_ERROR, classes / 255);
  for (let pixel = 0; pixel < size; pixel++) {
    let sum = 0;
    for (let at = pixel; at < data.length; at += size) sum += data[at] as number;
    if (Math.abs(sum - 1) <= allowed) continue;
    throw badModel(
      `the model's ${classes} classes add up to ${sum.toPrecision(3)} in a pixel, expected 1: its softmax is not over the classes`,
    );
  }
}

/**
 * What turns logits into probabilities, in place.
 * @param logits [1, classes, height, width]
 */
export function applyHead(head: 'sigmoid' | 'softmax', logits: Float32Array, classes: number): Float32Array {
  if (head === 'sigmoid') {
    for (let i = 0; i < logits.length; i++) logits[i] = 1 / (1 + Math.exp(-(logits[i] ?? Number.NaN)));
    return logits;
  }
  const size = logits.length / classes;
  for (let pixel = 0; pixel < size; pixel++) softmaxAt(logits, pixel, size);
  return logits;
}

/** Softmax over every `stride`-th value from `start` on; the largest is taken away first, so that none overflows. */
function softmaxAt(values: Float32Array, start: number, stride: number): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = start; at < values.length; at += stride)
    largest = Math.max(largest, values[at] ?? Number.NaN);
  let sum = 0;
  for (let at = start; at < values.length; at += stride)
    sum += Math.exp((values[at] ?? Number.NaN) - largest);
  for (let at = start; at < values.length; at += stride) {
    values[at] = Math.exp((values[at] ?? Number.NaN) - largest) / sum;
  }
}
