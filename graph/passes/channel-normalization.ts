import { at } from '../common/at.js';
import { floatOf, intOf, intsOf } from '../ir/attribute.js';
import { numbers } from '../ir/dim.js';
import { ABSENT, type Node } from '../ir/model.js';
import { computed, float32Tensor, type Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { add, div, mul } from '../ops/elementwise.js';
import { matMul } from '../ops/matmul.js';
import { reshape, reshapeTo } from '../ops/reshape.js';
import { shapeOf } from '../ops/shape.js';
import { sqrt } from '../ops/unary.js';
import type { Rule } from '../rewriting/rewrite.js';

/** With more, the operator itself is faster: to centre takes a product of the square of the channels. */
const MOST = 80;

/**
 * A LayerNormalization of few channels, between Transposes to the last axis and back, becomes products: runtimes take its rows one by one,
 * and there are as many as pixels. With I - 1/C on the left the mean is taken away, with 1/C the squares are averaged:
 * s (x - mean) / sqrt(variance + epsilon) + b, without a Transpose.
 */
export const channelNormalization: Rule = (node, graph) => {
  if (!isTranspose(node, [0, 3, 1, 2])) return;
  const normalized = at(node.inputs, 0);
  const normalization = graph.producer(normalized);
  if (normalization?.opType !== 'LayerNormalization' || !graph.isOwn(normalized)) return;
  if (normalization.domain !== '' || normalization.outputs.length > 1) return;
  const [input, scaleName, biasName = ABSENT] = normalization.inputs;
  const transposed = graph.producer(input);
  const x = transposed && isTranspose(transposed, [0, 2, 3, 1]) && graph.value(transposed.inputs[0]);
  const [scale, bias] = [graph.constant(scaleName), graph.constant(biasName)];
  const axis = intOf(normalization.attributes, 'axis', -1);
  if (!x || scaleName === undefined || scale?.dims.length !== 1 || (axis !== -1 && axis !== 3)) return;
  const channels = at(scale.dims, 0);
  if (channels > MOST) return;
  if ([x, scale, bias ?? scale].some(({ dtype }) => dtype !== 'float32')) return;
  const epsilon = floatOf(normalization.attributes, 'epsilon', 1e-5);
  const centring = computed([channels, channels], (rows) => {
    rows.fill(-1 / channels);
    for (let diagonal = 0; diagonal < rows.length; diagonal += channels + 1)
      rows[diagonal] = 1 - 1 / channels;
  });
  const average = float32Tensor([1, channels], Array(channels).fill(1 / channels));
  const weight = (name: string, tensor: Tensor) => graph.weight(`${normalization.name}.${name}`, tensor);
  const centred = matMul(weight('centring', centring), reshape(x, [0, channels, -1]));
  const variance = add(matMul(weight('average', average), mul(centred, centred)), epsilon);
  const perChannel = (name: string, tensor: Tensor): Value =>
    graph.weight(name, { ...tensor, dims: [channels, 1] });
  const scaled = mul(div(centred, sqrt(variance)), perChannel(scaleName, scale));
  const shifted = bias === undefined ? scaled : add(scaled, perChannel(biasName, bias));
  const sizes = numbers(x.shape);
  return sizes ? reshape(shifted, sizes) : reshapeTo(shifted, shapeOf(x));
};

function isTranspose({ opType, domain, attributes }: Node, perm: readonly number[]): boolean {
  return opType === 'Transpose' && domain === '' && intsOf(attributes, 'perm', []).join() === perm.join();
}
