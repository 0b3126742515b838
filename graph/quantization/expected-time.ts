import { macsOf } from '../analysis/cost.js';
import { declaredTypes, inferTypes, type Types } from '../analysis/infer.js';
import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import { numbers } from '../ir/dim.js';
import { ABSENT, type Model, type Node, opsetOf } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';

/**
 * What onnxruntime takes on one core with AVX-512 and VNNI, in nanoseconds, on integers and in float32: of chains of six layers of 8 to 64
 * channels, each of a kind, on 64 x 64 and 128 x 128 pixels (ONNX Runtime 1.30), which these meet to a half.
 */
const NANOSECONDS = {
  /** A multiply-add, and each value that a convolution gives. */
  dense: { integer: { mac: 1 / 200, value: 0.35 }, float: { mac: 1 / 60, value: 0 } },
  /** With too few channels a group, what counts is values. */
  depthwise: { integer: { mac: 0, value: 0.55 }, float: { mac: 0, value: 0.3 } },
  /** Each value that is quantised behind what computes in float, or dequantised before it. */
  boundary: 0.25,
  /** In float, its operands leave the blocked order of convolutions. */
  prelu: { integer: 0.3, float: 1.4 },
};

/** Channels a group from which on kernels multiply matrices. */
const DENSE = 4;

/** What a runtime computes on integers, where all that it reads comes dequantised. */
const KERNELS = new Set(['Add', 'AveragePool', 'Concat', 'Conv', 'LeakyRelu', 'MaxPool', 'Mul', 'Sigmoid']);
/** What becomes a part of the convolution before it. */
const FUSED = new Set(['Clip', 'Relu']);

/**
 * The time that the quantised part of a model is expected to take, to what it would take in float: convolutions, and what is quantised
 * and dequantised around them.
 * @param known sizes to put in place of named dimensions
 * @returns undefined where sizes are not known, or nothing is quantised
 */
export function expectedTime(model: Model, known: Readonly<Record<string, number>> = {}): number | undefined {
  const { nodes } = model.graph;
  const types = inferTypes(model, known, declaredTypes(model, known));
  const opset = opsetOf(model);
  const { producers, isDequantized, isInteger } = integerParts(nodes);
  const readInFloat = new Set(nodes.flatMap((node) => (isInteger(node) ? [] : node.inputs)));
  let [integer, float] = [0, 0];
  for (const node of nodes) {
    const values = valuesOf(node, types);
    if (values === undefined) return undefined;
    const [input = ABSENT] = node.inputs;
    if (node.opType === 'Conv' && isInteger(node)) {
      const macs = macsOf(node, types, opset);
      if (macs === undefined) return undefined;
      const costs = NANOSECONDS[isDepthwise(node, types) ? 'depthwise' : 'dense'];
      integer += macs * costs.integer.mac + values * costs.integer.value;
      float += macs * costs.float.mac + values * costs.float.value;
    } else if (node.opType === 'PRelu' && isDequantized(input)) {
      integer += values * NANOSECONDS.prelu.integer;
      float += values * NANOSECONDS.prelu.float;
    } else if (node.opType === 'QuantizeLinear' && !isInteger(producers.get(input))) {
      integer += values * NANOSECONDS.boundary;
    } else if (node.opType === 'DequantizeLinear' && producers.has(input)) {
      if (readInFloat.has(at(node.outputs, 0))) integer += values * NANOSECONDS.boundary;
    }
  }
  return float === 0 ? undefined : integer / float;
}

/** Which nodes a runtime computes on integers, and who makes the values around them. */
function integerParts(nodes: readonly Node[]) {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const isDequantized = (name = ABSENT) => producers.get(name)?.opType === 'DequantizeLinear';
  const kernels = new Set(
    nodes.filter(
      ({ opType, inputs }) =>
        KERNELS.has(opType) && inputs.every((name) => name === ABSENT || isDequantized(name)),
    ),
  );
  const isInteger = (node: Node | undefined): boolean => {
    const before = node && FUSED.has(node.opType) ? producers.get(node.inputs[0] ?? ABSENT) : node;
    return before !== undefined && kernels.has(before);
  };
  return { producers, isDequantized, isInteger };
}

/** The values that a node gives; none for those of unknown type that quantisation has nothing to do with. */
function valuesOf({ opType, outputs: [output = ABSENT] }: Node, types: Types): number | undefined {
  if (!COUNTED.has(opType)) return 0;
  const sizes = numbers(types.get(output)?.shape ?? []);
  return types.has(output) && sizes ? elementCount(sizes) : undefined;
}

const COUNTED = new Set(['Conv', 'PRelu', 'QuantizeLinear', 'DequantizeLinear']);

function isDepthwise({ inputs, attributes }: Node, types: Types): boolean {
  const channels = types.get(inputs[1] ?? ABSENT)?.shape[1];
  return intOf(attributes, 'group', 1) > 1 && typeof channels === 'number' && channels < DENSE;
}
