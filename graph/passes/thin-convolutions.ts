import { intsOf } from '../ir/attribute.js';
import { type Dim, numbers } from '../ir/dim.js';
import type { Node } from '../ir/model.js';
import { computed, elementCount, float32Tensor, float32Values, type Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { conv } from '../ops/conv.js';
import { reshape } from '../ops/reshape.js';
import { transpose } from '../ops/transpose.js';
import type { Rule } from '../rewriting/rewrite.js';
import { areOnes, convActivation, isUngrouped, UNSTRIDED, withActivation } from './conv-activation.js';
import { four } from './four.js';
import { operandsOf } from './scale-convolution.js';

/** Output channels that kernels compute together, whether they are there or not. */
const LANES = 16;

/** What is saved of the multiply-adds of a pixel, at least, and of those of an image: less is not worth another operator. */
const [SHARE, WORTH] = [0.15, 2 ** 23];

/**
 * A convolution of few output channels as a sum of rows: a convolution with each row of its windows, all of which are channels of one,
 * and a second one that adds up the rows of each output. Of 16 channels that runtimes compute at a time, 3 x 3 rows fill 9 where the
 * 3 outputs fill 3.
 */
export const thinConvolutions: Rule = (node, graph) => {
  const end = convActivation(node, graph, UNSTRIDED);
  if (end === undefined) return;
  const { attributes } = end.convolution;
  const { x, weight, weightName, biasName } = operandsOf(end.convolution, graph);
  if (weight.dims.length !== 4 || !pays(weight.dims, x.shape.slice(2))) return;
  const rows = graph.weight(weightName, byRow(weight));
  const y = sumOfRows(x, weight.dims, rows, graph.value(biasName), attributes);
  return withActivation(end.activation, y, graph);
};

/** The same where weights are computed, as they are in a step of a training. */
export const thinConvolutionsOfValues: Rule = (node, graph) => {
  if (node.opType !== 'Conv' || node.domain !== '' || !isUngrouped(node) || !areOnes(node, 'strides')) return;
  const [x, weight, bias] = node.inputs.map((name) => graph.value(name));
  const dims = weight && numbers(weight.shape);
  if (x?.dtype !== 'float32' || weight === undefined || dims?.length !== 4 || weight.constant) return;
  const [batch = 1, , ...space] = x.shape;
  if (!pays(dims, [batch, ...space])) return;
  const [outputs, channels, height, width] = four(dims);
  const rows = reshape(transpose(weight, [0, 2, 1, 3]), [outputs * height, channels, 1, width]);
  return sumOfRows(x, dims, rows, bias, node.attributes);
};

/** @param rows the weight, [outputs x rows, channels, 1, width] */
function sumOfRows(
  x: Value,
  dims: readonly number[],
  rows: Value,
  bias: Value | undefined,
  attributes: Node['attributes'],
): Value {
  const [top, left, bottom, right] = four(intsOf(attributes, 'pads', [0, 0, 0, 0]));
  const byRows = conv(x, rows, undefined, { pads: [0, left, 0, right] });
  return conv(byRows, constant(sums(dims)), bias, { pads: [top, 0, bottom, 0] });
}

/** @param sizes of what it reads, but for channels; open ones are taken to be large */
function pays(dims: readonly number[], sizes: readonly Dim[]) {
  const [outputs, channels, height, width] = four(dims);
  const lanes = (count: number) => LANES * Math.ceil(count / LANES);
  const [direct, rows] = [lanes(outputs) * channels * height * width, outputs * height];
  const saved = direct - lanes(rows) * channels * width - lanes(outputs) * rows * height;
  const known = numbers(sizes);
  const isLarge = known === undefined || saved * elementCount(known) > WORTH;
  return outputs <= LANES && saved > SHARE * direct && isLarge;
}

/** [outputs x rows, channels, 1, width] from [outputs, channels, rows, width]. */
function byRow(weight: Tensor): Tensor {
  const [outputs, channels, height, width] = four(weight.dims);
  return computed([outputs * height, channels, 1, width], (to) => {
    const from = float32Values(weight);
    for (let place = 0; place < to.length; place += width) {
      const channel = (place / width) % channels;
      const filter = Math.floor(place / (width * channels));
      const [output, row] = [Math.floor(filter / height), filter % height];
      const begin = ((output * channels + channel) * height + row) * width;
      to.set(from.subarray(begin, begin + width), place);
    }
  });
}

/** [outputs, outputs x rows, rows, 1]: a row of an output's window is added to it one row further down than the row before. */
function sums(dims: readonly number[]): Tensor {
  const [outputs, , height] = four(dims);
  const values = new Float32Array(outputs * outputs * height * height);
  for (let row = 0; row < outputs * height; row++) {
    values[(Math.floor(row / height) * outputs * height + row) * height + (row % height)] = 1;
  }
  return float32Tensor([outputs, outputs * height, height, 1], values);
}
