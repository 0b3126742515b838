import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import { ABSENT, type Node } from '../ir/model.js';
import { apply } from '../ir/op.js';
import { computed, elementCount, float32Values, readFloat32 } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { Conv } from '../ops/conv.js';
import { ConvTranspose } from '../ops/conv-transpose.js';
import { inScopeOf, type Rewriting } from '../rewriting/rewrite.js';

/** One number a channel, in double. */
export type PerChannel = Float64Array;

const CONVOLUTIONS: readonly string[] = ['Conv', 'ConvTranspose'];

/** Whether a node is a convolution (or a transposed one) of constant float32 weights, whose result's type is known. */
export function isConvolution(node: Node | undefined, graph: Rewriting): boolean {
  if (node === undefined || node.domain !== '' || !CONVOLUTIONS.includes(node.opType)) return false;
  const [input, weight, bias = ABSENT] = node.inputs;
  const values = [input, node.outputs[0]].map((name) => graph.value(name));
  const constants = [weight, ...(bias === ABSENT ? [] : [bias])].map((name) => graph.constant(name));
  return [...values, ...constants].every((each) => each?.dtype === 'float32');
}

/** What a convolution reads. @param node for which `isConvolution` holds */
export function operandsOf({ name, inputs }: Node, graph: Rewriting) {
  const [input, weightName, biasName = ABSENT] = inputs;
  const [x, weight, bias] = [graph.value(input), graph.constant(weightName), graph.constant(biasName)];
  if (x === undefined || weight === undefined || weightName === undefined) {
    throw new TypeError(`node '${name}' is not a convolution of constant weights`);
  }
  return { x, weight, bias, weightName, biasName };
}

/**
 * The convolution whose outputs are scaled and shifted, channel by channel: a (W x + b) + c = (a W) x + (a b + c). Computed in
 * double and rounded once.
 * @param node for which `isConvolution` holds
 */
export function scaledConvolution(node: Node, graph: Rewriting, scale: PerChannel, shift: PerChannel): Value {
  const { x, weight, bias, weightName, biasName } = operandsOf(node, graph);
  const definition = node.opType === 'Conv' ? Conv : ConvTranspose;
  const kernels = kernelsOf(node, weight.dims);
  const newWeight = computed(weight.dims, (scaled) => {
    const count = kernels.size === 0 ? 0 : scaled.length / kernels.size;
    const factors = Float64Array.from({ length: count }, (_, kernel) => at(scale, kernels.channel(kernel)));
    readFloat32(weight, scaled);
    scale32(scaled, factors, kernels.size);
  });
  const newBias = computed([scale.length], (biases) => {
    const values = bias ? float32Values(bias) : new Float32Array(scale.length);
    biases.set(scale.map((factor, channel) => factor * at(values, channel) + at(shift, channel)));
  });
  const biased = bias !== undefined || shift.some((value) => value !== 0);
  const name = biasName === ABSENT ? `${weightName.replace(/weight$/, '')}bias` : biasName;
  const operands = [x, graph.weight(weightName, newWeight), biased ? graph.weight(name, newBias) : undefined];
  return inScopeOf(node, () => apply(definition, operands, Object.fromEntries(node.attributes)));
}

/** Each kernel times its factor, in its place. */
function scale32(values: Float32Array, factors: Float64Array, size: number): void {
  let place = 0;
  for (const factor of factors) {
    for (const end = place + size; place < end; place++) values[place] = (values[place] as number) * factor;
  }
}

/** Weights that stand together and are of one output channel: how many, and of which. */
function kernelsOf({ opType, attributes }: Node, dims: readonly number[]) {
  const [first, second] = [at(dims, 0), at(dims, 1)];
  const area = elementCount(dims.slice(2));
  if (opType === 'Conv') return { size: area * second, channel: (kernel: number) => kernel };
  const perGroup = first / intOf(attributes, 'group', 1);
  const channel = (kernel: number) =>
    Math.floor(Math.floor(kernel / second) / perGroup) * second + (kernel % second);
  return { size: area, channel };
}
