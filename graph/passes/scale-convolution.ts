import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import type { Node } from '../ir/model.js';
import { apply } from '../ir/op.js';
import { elementCount, float32Values } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { Conv } from '../ops/conv.js';
import { ConvTranspose } from '../ops/conv-transpose.js';
import { inScopeOf, type Rewriting } from '../rewriting/rewrite.js';
import { computed } from './computed.js';

/** One number a channel, in double. */
export type PerChannel = Float64Array;

/** Whether a node is a convolution (or a transposed one) of constant float32 weights, whose result's type is known. */
export function isConvolution(node: Node | undefined, graph: Rewriting): boolean {
  if (node === undefined || node.domain !== '' || !(node.opType in CONVOLUTIONS)) return false;
  const [input, weight, bias = ''] = node.inputs;
  const values = [input, node.outputs[0]].map((name) => graph.value(name ?? ''));
  const constants = [weight, ...(bias === '' ? [] : [bias])].map((name) => graph.constant(name));
  return [...values, ...constants].every((each) => each?.dtype === 'float32');
}

const CONVOLUTIONS: Readonly<Record<string, typeof Conv>> = { Conv, ConvTranspose };

/**
 * The convolution whose outputs are scaled and shifted, channel by channel: a (W x + b) + c = (a W) x + (a b + c). Computed in
 * double and rounded once.
 * @param node for which `isConvolution` holds
 */
export function scaledConvolution(node: Node, graph: Rewriting, scale: PerChannel, shift: PerChannel): Value {
  const [input = '', weightName = '', biasName = ''] = node.inputs;
  const [x, weight, bias] = [graph.value(input), graph.constant(weightName), graph.constant(biasName)];
  const definition = CONVOLUTIONS[node.opType];
  if (x === undefined || weight === undefined || definition === undefined) {
    throw new TypeError(`node '${node.name}' is no convolution of constant weights`);
  }
  const kernels = kernelsOf(node, weight.dims);
  const newWeight = computed(weight.dims, () => {
    const scaled = new Float32Array(elementCount(weight.dims));
    // There are millions of weights, and a DataView is as fast as an array that is not checked.
    const [from, to] = [viewOf(weight.bytes()), viewOf(scaled)];
    for (let kernel = 0, place = 0; place < scaled.byteLength; kernel++) {
      const factor = at(scale, kernels.channel(kernel));
      for (const end = place + 4 * kernels.size; place < end; place += 4) {
        to.setFloat32(place, from.getFloat32(place, true) * factor, true);
      }
    }
    return scaled;
  });
  const newBias = computed([scale.length], () => {
    const values = bias ? float32Values(bias) : new Float32Array(scale.length);
    return scale.map((factor, channel) => factor * at(values, channel) + at(shift, channel));
  });
  const biased = bias !== undefined || shift.some((value) => value !== 0);
  const name = biasName === '' ? `${weightName.replace(/weight$/, '')}bias` : biasName;
  const operands = [x, graph.weight(weightName, newWeight), biased ? graph.weight(name, newBias) : undefined];
  return inScopeOf(node, () => apply(definition, operands, Object.fromEntries(node.attributes)));
}

const viewOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new DataView(buffer, byteOffset, byteLength);

/** Weights that stand together and are of one output channel: how many, and of which. */
function kernelsOf({ opType, attributes }: Node, dims: readonly number[]) {
  const [first = 1, second = 1, ...kernel] = dims;
  const area = elementCount(kernel);
  if (opType === 'Conv') return { size: area * second, channel: (at: number) => at };
  const perGroup = first / intOf(attributes, 'group', 1);
  const channel = (at: number) => Math.floor(Math.floor(at / second) / perGroup) * second + (at % second);
  return { size: area, channel };
}
