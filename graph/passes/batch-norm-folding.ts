import { at } from '../common/at.js';
import { floatOf } from '../ir/attribute.js';
import type { Node } from '../ir/model.js';
import { float32Values } from '../ir/tensor.js';
import type { Rewriting, Rule } from '../rewriting/rewrite.js';
import { isConvolution, scaledConvolution } from './scale-convolution.js';

/** A normalisation as scale and shift of each channel: s (x - m) / sqrt(v + e) + b = a x + (b - a m). */
export function normalizationOf(node: Node, graph: Rewriting) {
  if (node.opType !== 'BatchNormalization' || node.domain !== '' || graph.opset < 9) return undefined;
  const mode = node.attributes.get('training_mode');
  if (node.outputs.length !== 1 || (mode?.type === 'int' && mode.value !== 0)) return undefined;
  const [s, b, m, v] = node.inputs.slice(1).map((name) => {
    const tensor = graph.constant(name);
    return tensor?.dtype === 'float32' ? float32Values(tensor) : undefined;
  });
  if (s === undefined || b === undefined || m === undefined || v === undefined) return undefined;
  // As a file holds it.
  const epsilon = Math.fround(floatOf(node.attributes, 'epsilon', 1e-5));
  const scale = Float64Array.from(s, (value, channel) => value / Math.sqrt(at(v, channel) + epsilon));
  const shift = scale.map((value, channel) => at(b, channel) - value * at(m, channel));
  return [scale, shift].every((values) => values.every(Number.isFinite)) ? { scale, shift } : undefined;
}

/**
 * BatchNormalization(Conv(x)) -> Conv(x), where nobody else reads the convolution. A chain of them is a sum, which is folded as a
 * whole: weights of weights of weights would be computed one within the other.
 */
export const batchNormFolding: Rule = (node, graph) => {
  const normalization = normalizationOf(node, graph);
  const [[input], [output]] = [node.inputs, node.outputs];
  const convolution = graph.producer(input);
  if (normalization === undefined || convolution === undefined) return;
  if (graph.consumers(output)[0]?.opType === 'BatchNormalization') return;
  if (!graph.isOwn(input) || !isConvolution(convolution, graph)) return;
  return scaledConvolution(convolution, graph, normalization.scale, normalization.shift);
};
