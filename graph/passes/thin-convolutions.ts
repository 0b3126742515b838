import { intsOf } from '../ir/attribute.js';
import { type Dim, numbers } from '../ir/dim.js';
import { elementCount, float32Tensor, float32Values, type Tensor } from '../ir/tensor.js';
import { constant } from '../ir/value.js';
import { conv } from '../ops/conv.js';
import type { Rule } from '../rewriting/rewrite.js';
import { computed } from './computed.js';
import { convActivation, UNSTRIDED, withActivation } from './conv-activation.js';
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
  if (weight.dims.length !== 4 || !pays(weight, x.shape.slice(2))) return;
  const [top, left, bottom, right] = four(intsOf(attributes, 'pads', [0, 0, 0, 0]));
  const rows = conv(x, graph.weight(weightName, byRow(weight)), undefined, { pads: [0, left, 0, right] });
  const y = conv(rows, constant(sums(weight)), graph.value(biasName), { pads: [top, 0, bottom, 0] });
  return withActivation(end, y, graph);
};

/** An image of open sizes is taken to be large. */
function pays(weight: Tensor, sizes: readonly Dim[]) {
  const [outputs, channels, height, width] = four(weight.dims);
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
function sums({ dims }: Tensor): Tensor {
  const [outputs, , height] = four(dims);
  const values = new Float32Array(outputs * outputs * height * height);
  for (let row = 0; row < outputs * height; row++) {
    values[(Math.floor(row / height) * outputs * height + row) * height + (row % height)] = 1;
  }
  return float32Tensor([outputs, outputs * height, height, 1], values);
}
