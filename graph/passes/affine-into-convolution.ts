import { intOf, intsOf, stringOf } from '../ir/attribute.js';
import type { Node } from '../ir/model.js';
import { apply } from '../ir/op.js';
import { elementCount, float32Values } from '../ir/tensor.js';
import { Conv } from '../ops/conv.js';
import type { Rewriting, Rule } from '../rewriting/rewrite.js';
import { affineForm, isAffine } from './affine-form.js';
import { computed } from './computed.js';
import { isConvolution } from './scale-convolution.js';

/** Whether a value is read by nothing but a convolution that takes a factor and a constant of each channel into its weights. */
export function takesAffine(name: string, graph: Rewriting): boolean {
  const [reader] = graph.consumers(name);
  return graph.isOwn(name) && reader !== undefined && isPlainConvolution(reader, graph) && !pads(reader);
}

function isPlainConvolution(node: Node, graph: Rewriting): boolean {
  return node.opType === 'Conv' && isConvolution(node, graph) && intOf(node.attributes, 'group', 1) === 1;
}

function pads({ attributes }: Node): boolean {
  const automatic = stringOf(attributes, 'auto_pad', 'NOTSET');
  return (
    intsOf(attributes, 'pads', []).some((size) => size !== 0) || !['NOTSET', 'VALID'].includes(automatic)
  );
}

/**
 * Conv(a x + c) -> Conv(x): W (a x + c) + b = (W a) x + (b + sum of W c). A constant beside the padding's zeros is none any more,
 * so that c must be zero where there is padding.
 */
export const affineIntoConvolution: Rule = (node, graph) => {
  const [input = '', weightName = '', biasName = ''] = node.inputs;
  const before = graph.producer(input);
  if (before === undefined || !graph.isOwn(input) || !isPlainConvolution(node, graph)) return;
  const form = isAffine(before, graph) ? affineForm(before, new Set([before]), graph) : undefined;
  const [term, ...others] = form?.terms ?? [];
  if (form === undefined || term === undefined || others.length > 0) return;
  const [name, scale] = term;
  const { shift } = form;
  if (pads(node) && shift.some((value) => value !== 0)) return;
  const [x, weight, bias] = [graph.value(name), graph.constant(weightName), graph.constant(biasName)];
  if (x === undefined || weight === undefined) return;
  const [out = 0, channels = 0, ...kernel] = weight.dims;
  const area = elementCount(kernel);
  const channelOf = (at: number) => Math.floor(at / area) % channels;
  const newWeight = computed(weight.dims, () =>
    Float64Array.from(float32Values(weight)).map((value, at) => value * (scale[channelOf(at)] ?? 1)),
  );
  const newBias = computed([out], () => {
    const sums = Float64Array.from(bias ? float32Values(bias) : new Float32Array(out));
    float32Values(weight).forEach((value, at) => {
      const row = Math.floor(at / (area * channels));
      sums[row] = (sums[row] ?? 0) + value * (shift[channelOf(at)] ?? 0);
    });
    return sums;
  });
  const operands = [
    x,
    graph.weight(weightName, newWeight),
    graph.weight(biasName || `${node.name}.bias`, newBias),
  ];
  return apply(Conv, operands, Object.fromEntries(node.attributes));
};
