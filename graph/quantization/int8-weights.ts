import { ABSENT } from '../ir/model.js';
import { apply } from '../ir/op.js';
import { elementCount, float32Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { cast } from '../ops/cast.js';
import { Conv } from '../ops/conv.js';
import { mul } from '../ops/elementwise.js';
import type { Rewriting, Rule } from '../rewriting/rewrite.js';
import { quantizedWeight } from './parameters.js';

/** Smaller weights are not worth two more nodes. */
export const MIN_ELEMENTS = 1024;

/** Stores the weights of convolutions as int8 with one scale a channel; runtimes widen them when they load the model. */
export const int8Weights: Rule = (node, graph) => {
  const [input, weightName = ABSENT, biasName] = node.inputs;
  const [x, weight] = [graph.value(input), graph.constant(weightName)];
  if (node.opType !== 'Conv' || node.domain !== '' || x === undefined || weight === undefined) return;
  const widened = elementCount(weight.dims) < MIN_ELEMENTS ? undefined : int8Weight(weightName, graph);
  return widened && apply(Conv, [x, widened, graph.value(biasName)], Object.fromEntries(node.attributes));
};

/** A float32 weight of this name, stored as int8; undefined for what is none. */
export function int8Weight(name: string, graph: Rewriting): Value | undefined {
  const weight = graph.constant(name);
  if (weight?.dtype !== 'float32') return;
  const { values, scales } = quantizedWeight(weight);
  const perChannel = constant(float32Tensor([scales.length, ...weight.dims.slice(1).map(() => 1)], scales));
  return mul(cast(graph.weight(name, values), 'float32'), perChannel);
}
