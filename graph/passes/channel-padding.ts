import { intOf } from '../attribute.js';
import { apply } from '../op.js';
import { Conv } from '../ops/conv.js';
import { pad } from '../ops/shapes.js';
import type { Rule } from '../rewrite.js';
import { float32Values, int64Tensor, type Tensor } from '../tensor.js';
import { constant } from '../value.js';
import { computed } from './computed.js';
import { isConvolution } from './scale-convolution.js';

/** Channels that kernels for integers read together. */
const TOGETHER = 4;

/**
 * A convolution that reads an image of three channels reads a fourth of zeros: kernels for integers take channels by four, and each
 * window would be copied first for others.
 */
export const channelPadding: Rule = (node, graph) => {
  const [input = '', weightName = '', biasName = ''] = node.inputs;
  const [x, weight] = [graph.value(input), graph.constant(weightName)];
  // Pad takes its sizes as an attribute before.
  if (node.opType !== 'Conv' || !isConvolution(node, graph) || graph.opset < 11) return;
  if (x === undefined || weight === undefined || intOf(node.attributes, 'group', 1) !== 1) return;
  const [, channels = 0, ...kernel] = weight.dims;
  if (channels >= TOGETHER || kernel.every((size) => size === 1)) return;
  const rank = weight.dims.length;
  const more = Array.from({ length: 2 * rank }, (_, at) => (at === rank + 1 ? TOGETHER - channels : 0));
  const padded = pad(x, constant(int64Tensor([2 * rank], more)));
  const weights = graph.weight(weightName, withZeros(weight));
  return apply(Conv, [padded, weights, graph.value(biasName)], Object.fromEntries(node.attributes));
};

/** [outputs, 4, ...kernel] of [outputs, channels, ...kernel]. */
function withZeros(weight: Tensor): Tensor {
  const [outputs = 0, channels = 0, ...kernel] = weight.dims;
  return computed([outputs, TOGETHER, ...kernel], () => {
    const values = float32Values(weight);
    const perOutput = values.length / outputs;
    const [from, to] = [perOutput, (perOutput / channels) * TOGETHER];
    const result = new Float32Array(outputs * to);
    for (let output = 0; output < outputs; output++)
      result.set(values.subarray(output * from, (output + 1) * from), output * to);
    return result;
  });
}
