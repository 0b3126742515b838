import { at } from '../common/at.js';
import { intOf, intsOf, stringOf } from '../ir/attribute.js';
import type { Node } from '../ir/model.js';
import { apply } from '../ir/op.js';
import { computed, float32Values, type Tensor } from '../ir/tensor.js';
import { Conv } from '../ops/conv.js';
import type { Rewriting, Rule } from '../rewriting/rewrite.js';
import { affineForm, isAffine } from './affine-form.js';
import { isConvolution, operandsOf } from './scale-convolution.js';

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

/** The kernels of a weight [outputs, channels, ...kernel], each for one output and one channel. */
const kernelsOf = (weight: Tensor) =>
  function* () {
    const [outputs, channels] = [at(weight.dims, 0), at(weight.dims, 1)];
    const values = float32Values(weight);
    const area = values.length / (outputs * channels);
    for (let place = 0; place < outputs * channels; place++) {
      const kernel = values.subarray(place * area, (place + 1) * area);
      yield { kernel, output: Math.floor(place / channels), channel: place % channels };
    }
  };

/**
 * Conv(a x + c) -> Conv(x): W (a x + c) + b = (W a) x + (b + sum of W c). A constant beside the padding's zeros is none any more,
 * so that c must be zero where there is padding.
 */
export const affineIntoConvolution: Rule = (node, graph) => {
  const [input] = node.inputs;
  const before = graph.producer(input);
  if (before === undefined || !graph.isOwn(input) || !isPlainConvolution(node, graph)) return;
  const form = isAffine(before, graph) ? affineForm(before, new Set([before]), graph) : undefined;
  const [term, ...others] = form?.terms ?? [];
  if (form === undefined || term === undefined || others.length > 0) return;
  const [name, scale] = term;
  const { shift } = form;
  if (pads(node) && shift.some((value) => value !== 0)) return;
  const { weight, bias, weightName, biasName } = operandsOf(node, graph);
  const x = graph.value(name);
  if (x === undefined) return;
  const out = at(weight.dims, 0);
  const kernels = kernelsOf(weight);
  const newWeight = computed(weight.dims, (values) => {
    let place = 0;
    for (const { kernel, channel } of kernels()) {
      const factor = at(scale, channel);
      const scaled = kernel.map((value) => value * factor);
      values.set(scaled, place);
      place += kernel.length;
    }
  });
  const newBias = computed([out], (values) => {
    const sums = Float64Array.from(bias ? float32Values(bias) : new Float32Array(out));
    for (const { kernel, output, channel } of kernels()) {
      const term = at(shift, channel);
      sums[output] = kernel.reduce((sum, value) => sum + value * term, at(sums, output));
    }
    values.set(sums);
  });
  const operands = [
    x,
    graph.weight(weightName, newWeight),
    graph.weight(biasName || `${node.name}.bias`, newBias),
  ];
  return apply(Conv, operands, Object.fromEntries(node.attributes));
};
