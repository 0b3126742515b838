import { at } from '../common/at.js';
import { MAX_HALF, MIN_HALF } from '../common/half.js';
import { intOf, intsOf } from '../ir/attribute.js';
import { sameDim } from '../ir/dim.js';
import { ABSENT, type Model, type Node } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import { headValues } from '../quantization/head.js';
import { Rewriting } from '../rewriting/rewrite.js';
import { filtersOf, losesConstants, sumsProducts, weightAxis } from './half-constants.js';

/** Magnitudes that a value reached on images, zeros left out: other images may reach further by a factor. */
const HEADROOM = 2;

/** Sums of more values of one sign lose the small among them. */
const MAX_SUMMED = 64;
/** A half counts to 2048: from then on, one more of the same changes nothing. */
const MAX_PRODUCTS = 2048;
/** A difference that is so much smaller than what it is taken of keeps few of its digits. */
const CANCELLATION = 16;

/** Inputs from this position on stay float32, by operator: the specification wants them so. */
const FLOAT32_INPUTS: Readonly<Record<string, number>> = { Resize: 1, Upsample: 1 };

/** How many of the inputs of a node a half may be given. */
export const halfInputs = ({ opType, inputs }: Node): number => FLOAT32_INPUTS[opType] ?? inputs.length;

/** Sums over many values; and what takes small values apart, or makes large ones. */
const FLOAT32_OPS = new Set([
  ...['ReduceMean', 'ReduceSum', 'ReduceSumSquare', 'ReduceL1', 'ReduceL2', 'ReduceProd', 'CumSum'],
  ...['ReduceLogSum', 'ReduceLogSumExp', 'GlobalAveragePool', 'GlobalLpPool', 'LpPool'],
  ...['LayerNormalization', 'InstanceNormalization', 'GroupNormalization', 'LpNormalization'],
  ...['MeanVarianceNormalization', 'LRN', 'Softmax', 'LogSoftmax'],
  ...['Pow', 'Sqrt', 'Exp', 'Log', 'Reciprocal'],
  // Of these the specification knows none in half precision.
  ...['Celu', 'Range'],
]);

/** What says how sure a network is, behind its last convolution. */
const HEAD_OPS = new Set(['Sigmoid', 'HardSigmoid', 'Tanh']);

/** Operators that tell small values from zero, or from each other. */
const TELLS_SMALL = new Set(['Sqrt', 'Log', 'Reciprocal', 'Pow']);

/** What hands small values on to these; the features of a layer, a sum of two feature maps among them, are none that matter. */
const HANDS_ON = new Set([
  ...['Identity', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'Expand', 'Tile'],
  ...['Slice', 'Gather', 'Split', 'Concat', 'Pad', 'Resize', 'Upsample', 'DepthToSpace', 'SpaceToDepth'],
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Abs', 'Max', 'Min', 'Clip', 'Relu', 'Where', 'Sum', 'Mean'],
  ...['AveragePool', 'MaxPool', 'ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'GlobalAveragePool'],
  ...['Sqrt', 'Log', 'Exp', 'Pow', 'Reciprocal'],
]);

/** The magnitudes that a value reaches on images; a value that is not finite reaches infinity. */
export type Magnitudes = ReadonlyMap<string, number>;

/**
 * Nodes that half precision would compute wrongly, whatever the image, by the name of what they give. What their structure tells comes
 * first; magnitudes add what only images tell.
 */
export function float32Nodes(model: Model, magnitudes: Magnitudes): ReadonlySet<string> {
  const graph = new Rewriting(model);
  const { nodes } = model.graph;
  const [head, moving, exact] = [headValues(model, graph), dataValues(model), distinguishing(nodes, graph)];
  const nameOf = ({ outputs: [output = ABSENT] }: Node) => output;
  const isWrong = (node: Node) =>
    FLOAT32_OPS.has(node.opType) ||
    (HEAD_OPS.has(node.opType) && head.has(nameOf(node))) ||
    (exact.has(nameOf(node)) && !sumsProducts(node)) ||
    losesConstants(node, graph, halfInputs(node), exact.has(nameOf(node))) ||
    sumsMany(node, graph) ||
    isSteep(node, graph) ||
    // A constant that is computed, which none of its elements tells.
    node.inputs.some((name) => isFloat(name, graph) && !moving.has(name) && !graph.constant(name)) ||
    [...node.inputs, ...node.outputs].some(
      (name) => isComputed(name, graph) && isOutOfRange(magnitudes.get(name)),
    ) ||
    cancels(node, magnitudes);
  return new Set(nodes.filter(isWrong).map(nameOf));
}

const isFloat = (name: string, graph: Rewriting) => graph.value(name)?.dtype === 'float32';

const isComputed = (name: string | undefined, graph: Rewriting) =>
  name !== undefined && graph.constant(name) === undefined;

/** What is not float32 reaches nothing. */
function isOutOfRange(reached = 0): boolean {
  return reached * HEADROOM > MAX_HALF || (reached > 0 && reached < HEADROOM * MIN_HALF);
}

/** The values that depend on the elements of an input, and not on its size alone. */
function dataValues({ graph: { nodes, inputs } }: Model): ReadonlySet<string> {
  const moving = new Set(inputs.map(({ name }) => name));
  for (const node of nodes) {
    if (node.opType === 'Shape' || node.opType === 'Size') continue;
    if (node.inputs.some((name) => moving.has(name))) for (const name of node.outputs) moving.add(name);
  }
  return moving;
}

/** The values from which operators that tell small values apart compute what they read. */
function distinguishing(nodes: readonly Node[], graph: Rewriting): ReadonlySet<string> {
  const found = new Set(
    nodes.flatMap((node) => {
      const divides = node.opType === 'Div' && isComputed(node.inputs[1], graph);
      return divides ? node.inputs : TELLS_SMALL.has(node.opType) ? node.inputs.slice(0, 1) : [];
    }),
  );
  // A set is walked to its end, what is added meanwhile included.
  for (const name of found) {
    const producer = graph.producer(name);
    if (producer === undefined || !HANDS_ON.has(producer.opType)) continue;
    if (producer.inputs.some((input) => isBranch(input, producer, graph))) continue;
    for (const input of producer.inputs.slice(0, halfInputs(producer))) found.add(input);
  }
  return found;
}

/** Whether a value is one of two feature maps that are added, as where residual branches meet. */
function isBranch(name: string, { opType, inputs, outputs }: Node, graph: Rewriting): boolean {
  const [shape, result] = [graph.value(name)?.shape, graph.value(outputs[0])?.shape];
  if (opType !== 'Add' || shape === undefined || result === undefined) return false;
  return inputs.every((input) => isComputed(input, graph)) && !isStretched(name, outputs[0], graph);
}

/** Whether an operand has fewer elements than the result. */
function isStretched(name: string | undefined, output: string | undefined, graph: Rewriting): boolean {
  const [from, to] = [name, output].map((each) => graph.value(each)?.shape);
  if (from === undefined || to === undefined) return false;
  return from.length < to.length || from.some((size, axis) => !sameDim(size, at(to, axis)));
}

/** Squares, what is divided by what a network computed, and how far values are from a mean of them. */
function isSteep({ opType, inputs, outputs }: Node, graph: Rewriting): boolean {
  const [left, right] = inputs;
  if (opType === 'Mul') return left === right;
  if (opType === 'Div') return isComputed(right, graph);
  return (
    opType === 'Sub' &&
    inputs.every((name) => isComputed(name, graph)) &&
    inputs.some((name) => isStretched(name, outputs[0], graph))
  );
}

/** Whether a node adds up more values than a half can. */
function sumsMany(node: Node, graph: Rewriting): boolean {
  const { opType, inputs, attributes } = node;
  if (opType === 'AveragePool') return elementCount(intsOf(attributes, 'kernel_shape', [])) > MAX_SUMMED;
  if (!sumsProducts(node)) return false;
  const isMeans = inputs.some((name, index) => {
    const [weight, axis] = [graph.constant(name), weightAxis(node, index)];
    if (weight?.dtype !== 'float32' || axis === undefined) return false;
    return filtersOf(weight, axis).some(({ isOneSigned, terms }) => isOneSigned && terms > MAX_SUMMED);
  });
  if (isMeans || opType === 'Conv' || opType === 'ConvTranspose') return isMeans;
  const isTransposed = opType === 'Gemm' && intOf(attributes, 'transA', 0) === 1;
  const products = graph.value(inputs[0])?.shape.at(isTransposed ? 0 : -1);
  return typeof products !== 'number' || products >= MAX_PRODUCTS;
}

/** Whether a sum or difference was much smaller, on images, than what it was taken of. */
function cancels({ opType, inputs, outputs: [output = ABSENT] }: Node, magnitudes: Magnitudes): boolean {
  if (opType !== 'Add' && opType !== 'Sub') return false;
  const largest = Math.max(...inputs.flatMap((name) => magnitudes.get(name) ?? []));
  const result = magnitudes.get(output);
  return result !== undefined && largest > CANCELLATION * result;
}
