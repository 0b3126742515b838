import { at } from '../common/at.js';
import { intsOf } from '../ir/attribute.js';
import { numbers } from '../ir/dim.js';
import { elementCount } from '../ir/tensor.js';
import { add } from '../ops/elementwise.js';
import { matMul } from '../ops/matmul.js';
import { reshape } from '../ops/reshape.js';
import type { Rule } from '../rewriting/rewrite.js';
import { convActivation, UNSTRIDED, withActivation } from './conv-activation.js';
import { operandsOf } from './scale-convolution.js';

/** Fewer channels than this are padded by a processor's convolutions, several times over. */
const MOST = 4;

/** A 1x1 convolution between few channels as a matrix product over the pixels: [outputs, C] x [N, C, H W]. */
export const pointwiseProducts: Rule = (node, graph) => {
  const end = convActivation(node, graph, UNSTRIDED);
  if (end === undefined) return;
  const { attributes } = end.convolution;
  const { x, weight, bias, weightName, biasName } = operandsOf(end.convolution, graph);
  const [outputs, channels] = [at(weight.dims, 0), at(weight.dims, 1)];
  const [batch, , ...space] = numbers(x.shape) ?? [];
  if (batch === undefined) return;
  const isPointwise =
    weight.dims.slice(2).every((size) => size === 1) &&
    intsOf(attributes, 'pads', []).every((pad) => pad === 0);
  if (!isPointwise || outputs > MOST || channels > MOST) return;
  const pixels = reshape(x, [batch, channels, elementCount(space)]);
  const product = matMul(graph.weight(weightName, { ...weight, dims: [outputs, channels] }), pixels);
  const sum = bias ? add(product, graph.weight(biasName, { ...bias, dims: [outputs, 1] })) : product;
  return withActivation(end.activation, reshape(sum, [batch, outputs, ...space]), graph);
};
