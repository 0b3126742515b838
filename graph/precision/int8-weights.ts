import { apply } from '../op.js';
import { Conv } from '../ops/conv.js';
import { mul } from '../ops/elementwise.js';
import { cast } from '../ops/foreign.js';
import { quantizedWeight } from '../quantization/parameters.js';
import type { Rule } from '../rewrite.js';
import { elementCount, float32Tensor } from '../tensor.js';
import { constant } from '../value.js';

/** Smaller weights are not worth two more nodes. */
const MIN_ELEMENTS = 1024;

/** Stores the weights of convolutions as int8 with one scale a channel; runtimes widen them when they load the model. */
export const int8Weights: Rule = (node, graph) => {
  const [input = '', weightName = '', biasName = ''] = node.inputs;
  const [x, weight] = [graph.value(input), graph.constant(weightName)];
  if (node.opType !== 'Conv' || node.domain !== '' || x === undefined || weight?.dtype !== 'float32') return;
  if (elementCount(weight.dims) < MIN_ELEMENTS) return;
  const { values, scales } = quantizedWeight(weight);
  const perChannel = constant(float32Tensor([scales.length, ...weight.dims.slice(1).map(() => 1)], scales));
  const widened = mul(cast(graph.weight(weightName, values), 'float32'), perChannel);
  return apply(Conv, [x, widened, graph.value(biasName)], Object.fromEntries(node.attributes));
};
