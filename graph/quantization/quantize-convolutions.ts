import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import { ABSENT, type Node } from '../ir/model.js';
import { apply } from '../ir/op.js';
import { computed, float32Tensor, float32Values, type Tensor } from '../ir/tensor.js';
import { constant, int64List, type Value } from '../ir/value.js';
import { Concat } from '../ops/concat.js';
import { Conv } from '../ops/conv.js';
import { definitionOf } from '../ops/index.js';
import { pad } from '../ops/pad.js';
import { dequantizeLinear, quantizeLinear } from '../ops/quantize-linear.js';
import { type ConvActivation, withActivation } from '../passes/conv-activation.js';
import { inScopeOf, type Rewriting, type Rule } from '../rewriting/rewrite.js';
import { clampedCarrier, isActivation, isCarrier, isJoin, knownRange } from './carriers.js';
import { isClamp, layerEnd } from './layers.js';
import {
  activationParameters,
  type Parameters,
  quantizedBias,
  quantizedWeight,
  type Ranges,
} from './parameters.js';

/**
 * Convolutions in int8: what they read, and what they give behind their activation, is quantised to uint8, and their weights to int8, one
 * scale a channel. A runtime that finds all of these around a convolution runs it on integers. What only moves such values on, as
 * MaxPool, stays quantised, and so do sums and products of them, as residual branches, gates and SiLU have them, their activations, and what
 * skip connections join.
 * @param weights of the layers that were quantised before, with these ranges
 * @param carried values between layers that stay on integers with them
 * @param fillsChannels whether kernels would copy each window of an image of few channels, and none of one with more
 */
export function quantizeConvolutions(
  ranges: Ranges,
  isLayer: (name: string) => boolean,
  weights: QuantizedWeights,
  fillsChannels: boolean,
  carried: ReadonlySet<string> = new Set(),
): Rule {
  return (node, graph) => {
    if (node.opType === 'MaxPool') return pooled(node, graph);
    const [output = ABSENT] = node.outputs;
    const isCarried = carried.has(output);
    if (isCarried && isActivation(node)) return activated(node, graph, ranges);
    if (isCarried && isJoin(node, graph)) return joined(node, graph, ranges);
    const end = layerEnd(node, graph);
    if (end === undefined) return isCarried ? combined(node, graph, ranges) : undefined;
    const [input = ABSENT, weightName] = end.convolution.inputs;
    const [name = ABSENT] = end.convolution.outputs;
    if (!isLayer(name)) return;
    const [weight, after] = [graph.constant(weightName), ranges.get(output)];
    if (weight === undefined || after === undefined) return;
    const isFilled = fillsChannels && readsFew(weight, intOf(end.convolution.attributes, 'group', 1));
    const before = quantizedInput(input, graph, ranges, isFilled ? weight : undefined);
    if (before === undefined) return;
    const filled = isFilled ? withMoreWeights(weight) : weight;
    return quantized(convolutionOf(end, filled, before, graph, weights), activationParameters(after));
  };
}

/** By the names of a convolution's weight and bias and the scale of its input. */
export type QuantizedWeights = Map<string, ReturnType<typeof quantizedWeight>>;

function quantized(x: Value, { scale, zeroPoint }: Parameters): Value {
  return dequantizeLinear(quantizeLinear(x, scale, zeroPoint), scale, zeroPoint);
}

/**
 * A value as it comes out of its quantisation, and the scale of that.
 * @param filledFor the weight whose channels it is to be filled up for
 */
function quantizedInput(name: string, graph: Rewriting, ranges: Ranges, filledFor?: Tensor) {
  const known = parametersOf(graph.producer(name), graph);
  const [x, range] = [graph.value(name), ranges.get(name)];
  const parameters = known ?? (range && activationParameters(range));
  const tensor = parameters?.scale.constant;
  if (x === undefined || parameters === undefined || tensor === undefined) return;
  const scale = at(float32Values(tensor), 0);
  if (filledFor) return { x: quantized(withMoreChannels(x, filledFor), parameters), scale };
  return { x: known ? x : quantized(x, parameters), scale };
}

/** Scale and zero point of what a DequantizeLinear gives. */
function parametersOf(node: Node | undefined, graph: Rewriting): Parameters | undefined {
  if (node?.opType !== 'DequantizeLinear') return;
  const [, scale, zeroPoint] = node.inputs.map((name) => graph.value(name));
  return scale && zeroPoint && { scale, zeroPoint };
}

function convolutionOf(
  { convolution, activation }: ConvActivation,
  weight: Tensor,
  { x, scale }: { readonly x: Value; readonly scale: number },
  graph: Rewriting,
  weights: QuantizedWeights,
): Value {
  const [, weightName = ABSENT, biasName = ABSENT] = convolution.inputs;
  const bias = graph.constant(biasName);
  const key = JSON.stringify([weightName, biasName, scale]);
  const known = weights.get(key) ?? quantizedWeight(weight, bias && { tensor: bias, inputScale: scale });
  weights.set(key, known);
  const { values, scales } = known;
  const vector = (numbers: Float32Array) => constant(float32Tensor([numbers.length], numbers));
  const quantizedWeights = dequantizeLinear(graph.weight(weightName, values), vector(scales), undefined, 0);
  const sums = scales.map((each) => each * scale);
  const quantizedBiases =
    bias && dequantizeLinear(graph.weight(biasName, quantizedBias(bias, sums)), vector(sums), undefined, 0);
  const operands = [x, quantizedWeights, quantizedBiases];
  return inScopeOf(convolution, () => {
    const sum = apply(Conv, operands, Object.fromEntries(convolution.attributes));
    return withActivation(activation, sum, graph);
  });
}

/** The sum or product of two values of which one is quantised at least, clamped or not. */
function combined(node: Node, graph: Rewriting, ranges: Ranges): Value | undefined {
  const clamp = isClamp(node) ? node : undefined;
  const carrier = clamp ? clampedCarrier(clamp, graph) : isCarrier(node, graph) ? node : undefined;
  const [output = ABSENT] = node.outputs;
  const [range, definition] = [ranges.get(output), carrier && definitionOf(carrier, graph.opset)];
  if (carrier === undefined || definition === undefined || range === undefined) return;
  if (!carrier.inputs.some((name) => isQuantized(name, graph))) return;
  const operands = carrier.inputs.map((name) => quantizedOperand(name, graph, ranges));
  if (!operands.every((operand) => operand !== undefined)) return;
  const result = withActivation(clamp, apply(definition, operands), graph);
  return quantized(result, activationParameters(range));
}

function quantizedOperand(name: string, graph: Rewriting, ranges: Ranges): Value | undefined {
  const [x, known] = [graph.value(name), knownRange(graph.producer(name))];
  return x && known ? quantized(x, activationParameters(known)) : quantizedInput(name, graph, ranges)?.x;
}

const isQuantized = (name: string, graph: Rewriting) =>
  parametersOf(graph.producer(name), graph) !== undefined;

/** An activation of quantised values that stays on integers; the gate of a SiLU is one. */
function activated(node: Node, graph: Rewriting, ranges: Ranges): Value | undefined {
  const [[input = ABSENT], [output = ABSENT]] = [node.inputs, node.outputs];
  const [x, range] = [graph.value(input), knownRange(node) ?? ranges.get(output)];
  if (x === undefined || range === undefined || !isQuantized(input, graph)) return;
  return quantized(graph.reapplied(node, x), activationParameters(range));
}

/** Feature maps of which one is quantised at least, joined; the others are rounded once, to the scale of all. */
function joined(node: Node, graph: Rewriting, ranges: Ranges): Value | undefined {
  const [output = ABSENT] = node.outputs;
  const range = ranges.get(output);
  if (range === undefined || !node.inputs.some((name) => isQuantized(name, graph))) return;
  const parameters = activationParameters(range);
  const operands = node.inputs.flatMap((name) => {
    const x = graph.value(name);
    if (x === undefined) return [];
    return isQuantized(name, graph) ? x : quantized(x, parameters);
  });
  if (operands.length < node.inputs.length) return;
  return quantized(apply(Concat, operands, Object.fromEntries(node.attributes)), parameters);
}

function pooled(node: Node, graph: Rewriting): Value | undefined {
  const [input] = node.inputs;
  const [x, parameters] = [graph.value(input), parametersOf(graph.producer(input), graph)];
  if (x === undefined || parameters === undefined || node.outputs.length !== 1) return;
  return quantized(graph.reapplied(node, x), parameters);
}

/** Kernels for integers read that many channels together, and give that many. */
const [READ, GIVEN] = [4, 16];

/** Whether a convolution reads fewer channels than kernels do, as of an image: for them each window would be copied first. */
function readsFew({ dims }: Tensor, group: number): boolean {
  const [outputs, channels, kernel] = [at(dims, 0), at(dims, 1), dims.slice(2)];
  return (
    group === 1 && channels > 0 && channels < READ && outputs >= GIVEN && kernel.some((size) => size > 1)
  );
}

/** x [N, channels, ...] with channels of zeros. */
function withMoreChannels(x: Value, { dims }: Tensor): Value {
  const none = dims.map(() => 0);
  return pad(x, int64List([...none, ...none.with(1, READ - at(dims, 1))]));
}

/** [outputs, 4, ...kernel] of [outputs, channels, ...kernel]: what it reads more counts nothing. */
function withMoreWeights(weight: Tensor): Tensor {
  const { dims } = weight;
  const [outputs, channels] = [at(dims, 0), at(dims, 1)];
  return computed(dims.with(1, READ), (padded) => {
    const values = float32Values(weight);
    const perOutput = values.length / outputs;
    padded.fill(0);
    for (let output = 0; output < outputs; output++) {
      const filter = values.subarray(output * perOutput, (output + 1) * perOutput);
      padded.set(filter, (output * perOutput * READ) / channels);
    }
  });
}
