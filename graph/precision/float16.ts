import { inferTypes } from '../analysis/infer.js';
import { badModel } from '../common/errors.js';
import { toHalf } from '../common/half.js';
import { ABSENT, type Model, type Node, opsetOf } from '../ir/model.js';
import { apply, type OpDefinition } from '../ir/op.js';
import { elementCount, float32Values, type Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { cast } from '../ops/cast.js';
import { definitionOf } from '../ops/index.js';
import type { RunEach } from '../quantization/calibrate.js';
import { withOutputs } from '../quantization/layers.js';
import { type Rewriting, rewrite } from '../rewriting/rewrite.js';
import { float32Nodes, halfInputs, type Magnitudes } from './float32-nodes.js';
import { losesWeights, weightAxis } from './half-constants.js';

/** Smaller weights of a sum in float32 are not worth another node. */
const MIN_ELEMENTS = 1024;

/** The first opset whose Cast is told a type by its number. */
const FP16_OPSET = 6;

/** Values that are looked at in one run, each of which a runtime hands over: far more than networks have. */
const MAX_VALUES = 20_000;

/**
 * Weights and activations in float16, inputs and outputs in float32. What a half cannot compute stays in float32: by what the nodes
 * and their constants are, and by how far values reach on images.
 * @param runEach runs a model on typical images and on extreme ones
 * @throws NmodeError (BAD_MODEL) for a model that is too old, or has more values than can be looked at
 */
export async function halfPrecision(model: Model, runEach: RunEach): Promise<Model> {
  const opset = opsetOf(model);
  if (opset < FP16_OPSET) {
    throw badModel(`fp16 needs opset ${FP16_OPSET}, the model has ${opset}: export it with a later one`);
  }
  const magnitudes = await magnitudesOf(model, runEach);
  return toFloat16(model, float32Nodes(model, magnitudes));
}

async function magnitudesOf(model: Model, runEach: RunEach): Promise<Magnitudes> {
  const types = inferTypes(model);
  const names = model.graph.nodes
    .flatMap(({ outputs }) => outputs)
    .filter((name) => types.get(name)?.dtype === 'float32');
  if (names.length > MAX_VALUES) {
    throw badModel(
      `it has ${names.length} values in float32, and what float16 would lose is checked for ${MAX_VALUES} at most`,
    );
  }
  const magnitudes = new Map<string, number>();
  for (const [name, tensor] of model.graph.initializers) {
    if (tensor.dtype === 'float32') magnitudes.set(name, magnitudeOf(float32Values(tensor)));
  }
  await runEach(withOutputs(model, names), (values) => {
    for (const [name, reached] of Object.entries(values)) {
      magnitudes.set(name, Math.max(magnitudes.get(name) ?? 0, magnitudeOf(reached)));
    }
  });
  return magnitudes;
}

function magnitudeOf(values: Float32Array): number {
  let largest = 0;
  for (const value of values) {
    const magnitude = Math.abs(value);
    // What is not a number is as far as can be.
    if (!(magnitude <= largest)) largest = Number.isNaN(magnitude) ? Number.POSITIVE_INFINITY : magnitude;
  }
  return largest;
}

/**
 * Weights and activations in float16; inputs and outputs stay float32.
 * @param float32 what nodes give that a half cannot compute; large weights of their sums are stored as halves all the same
 */
function toFloat16(model: Model, float32: ReadonlySet<string>): Model {
  const halves = new Map<string, Value>();
  const { model: lowered } = rewrite(model, (node, graph) => {
    const definition = definitionOf(node, graph.opset);
    if (definition === undefined || node.opType === 'Cast' || node.outputs.length !== 1) return;
    const [output = ABSENT] = node.outputs;
    const isFloat = (name: string) => graph.value(name)?.dtype === 'float32';
    if (!isFloat(output) || !node.inputs.slice(0, halfInputs(node)).some(isFloat)) return;
    return (float32.has(output) ? inFloat : inHalf)(node, definition, graph, halves);
  });
  return lowered;
}

type Computation = (
  node: Node,
  definition: OpDefinition,
  graph: Rewriting,
  halves: Map<string, Value>,
) => Value | undefined;

const inHalf: Computation = (node, definition, graph, halves) => {
  const operands = node.inputs.map((name, index) => {
    const value = graph.value(name);
    const isHalf = value?.dtype === 'float32' && index < halfInputs(node);
    return isHalf ? halfOf(name, value, graph, halves) : value;
  });
  return cast(apply(definition, operands, Object.fromEntries(node.attributes)), 'float32');
};

/** Computed in float32, with weights that are halves in the file; undefined where that changes nothing. */
const inFloat: Computation = (node, definition, graph, halves) => {
  let isStored = false;
  const operands = node.inputs.map((name, index) => {
    const [value, weight, axis] = [graph.value(name), graph.constant(name), weightAxis(node, index)];
    const fits =
      axis !== undefined &&
      weight?.dtype === 'float32' &&
      elementCount(weight.dims) >= MIN_ELEMENTS &&
      !losesWeights(weight, axis);
    isStored ||= fits;
    return fits && value ? cast(halfOf(name, value, graph, halves), 'float32') : value;
  });
  return isStored ? apply(definition, operands, Object.fromEntries(node.attributes)) : undefined;
};

/** A value in float16: what was widened is taken as it was before. */
function halfOf(name: string, value: Value, graph: Rewriting, halves: Map<string, Value>): Value {
  const weight = graph.constant(name);
  if (weight !== undefined) {
    const half = halves.get(name) ?? halfConstant(name, weight, graph);
    halves.set(name, half);
    return half;
  }
  const producer = graph.producer(name);
  const before = producer?.opType === 'Cast' ? graph.value(producer.inputs[0]) : undefined;
  return before?.dtype === 'float16' ? before : cast(value, 'float16');
}

function halfConstant(name: string, weight: Tensor, graph: Rewriting): Value {
  const { dims } = weight;
  const bytes = () => new Uint8Array(toHalf(float32Values(weight)).buffer);
  const half: Tensor = { dtype: 'float16', dims, bytes };
  return dims.length === 0 ? constant(half) : graph.weight(name, half);
}
