import { NmodeError } from '../errors.js';
import { inferTypes } from '../infer.js';
import type { Model, Node } from '../model.js';
import { apply, type OpDefinition } from '../op.js';
import { cast } from '../ops/foreign.js';
import { definitionOf } from '../ops/index.js';
import type { RunEach } from '../quantization/calibrate.js';
import { withOutputs } from '../quantization/layers.js';
import { inScopeOf, type Rewriting, type Rewritten, rewrite } from '../rewrite.js';
import { float32Values, type Tensor } from '../tensor.js';
import { constant, type Value } from '../value.js';
import { MAX_HALF, toHalf } from './half.js';

/** Values beyond this share of the largest half stay in float32: other images may reach further than those that were looked at. */
const HEADROOM = 0.5;

/** Values that are looked at in one run, each of which a runtime hands over: far more than networks have. */
const MAX_VALUES = 20_000;

/**
 * Weights and activations in float16, inputs and outputs in float32. What a half cannot hold on typical images stays in float32, and
 * so do sums over many values and what says how sure a network is.
 * @throws NmodeError (BAD_MODEL) for a model of more values than can be looked at
 */
export async function halfPrecision(model: Model, runEach: RunEach): Promise<Model> {
  const types = inferTypes(model);
  const names = model.graph.nodes
    .flatMap(({ outputs }) => outputs)
    .filter((name) => types.get(name)?.dtype === 'float32');
  if (names.length > MAX_VALUES) {
    throw new NmodeError(
      'BAD_MODEL',
      `it has ${names.length} values in float32: of more than ${MAX_VALUES} it is not looked at what float16 would lose`,
    );
  }
  const largest = new Map<string, number>();
  await runEach(withOutputs(model, names), (values) => {
    for (const [name, reached] of Object.entries(values)) {
      const before = largest.get(name) ?? 0;
      largest.set(
        name,
        reached.reduce((most, value) => Math.max(most, Math.abs(value)), before),
      );
    }
  });
  const isTooLarge = (name: string) => (largest.get(name) ?? 0) > HEADROOM * MAX_HALF;
  return toFloat16(model, ({ inputs, outputs }) => [...inputs, ...outputs].some(isTooLarge)).model;
}

/** Inputs from this position on stay float32, by operator: the specification wants them so. */
const FLOAT32_INPUTS: Readonly<Record<string, number>> = { Resize: 1 };

const FLOAT32_OPS = new Set([
  'ReduceMean',
  'ReduceSum',
  // A variance and what keeps its root from zero are small.
  'Pow',
  'Sqrt',
  'Exp',
  'LayerNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'Sigmoid',
  'Softmax',
]);

/**
 * Weights and activations in float16; inputs and outputs stay float32.
 * @param staysFloat32 nodes whose values a half cannot hold
 */
export function toFloat16(model: Model, staysFloat32: (node: Node) => boolean): Rewritten {
  return rewrite(model, (node, graph) => {
    const definition = definitionOf(node, graph.opset);
    if (definition === undefined || FLOAT32_OPS.has(node.opType) || node.opType === 'Cast') return;
    if (node.outputs.length !== 1 || staysFloat32(node)) return;
    const made = graph.value(node.outputs[0] ?? '');
    const last = FLOAT32_INPUTS[node.opType] ?? node.inputs.length;
    const isFloat = (name: string) => graph.value(name)?.dtype === 'float32';
    if (made?.dtype !== 'float32' || !node.inputs.slice(0, last).some(isFloat)) return;
    return inScopeOf(node, () => inHalf(node, definition, last, graph));
  });
}

function inHalf(node: Node, definition: OpDefinition, last: number, graph: Rewriting): Value | undefined {
  const operands: (Value | undefined)[] = [];
  for (const [at, name] of node.inputs.entries()) {
    const value = name === '' ? undefined : graph.value(name);
    if (name !== '' && value === undefined) return;
    operands.push(value?.dtype === 'float32' && at < last ? halfOf(name, value, graph) : value);
  }
  return cast(apply(definition, operands, Object.fromEntries(node.attributes)), 'float32');
}

/** A value in float16: what was widened is taken as it was before. */
function halfOf(name: string, value: Value, graph: Rewriting): Value | undefined {
  const weight = graph.constant(name);
  if (weight !== undefined)
    return weight.dims.length === 0 ? constant(halfTensor(weight)) : graph.weight(name, halfTensor(weight));
  const producer = graph.producer(name);
  const before = producer?.opType === 'Cast' ? graph.value(producer.inputs[0] ?? '') : undefined;
  return before?.dtype === 'float16' ? before : cast(value, 'float16');
}

function halfTensor(tensor: Tensor): Tensor {
  return {
    dtype: 'float16',
    dims: tensor.dims,
    bytes: () => new Uint8Array(toHalf(float32Values(tensor)).buffer),
  };
}
