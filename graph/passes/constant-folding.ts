import { at } from '../common/at.js';
import { numbers } from '../ir/dim.js';
import type { Node } from '../ir/model.js';
import {
  computed,
  elementCount,
  float32Tensor,
  float32Values,
  int64Tensor,
  type Tensor,
  unravel,
} from '../ir/tensor.js';
import { numbersIn } from '../ir/value.js';
import type { Rewriting, Rule } from '../rewriting/rewrite.js';

/** Constants of more elements are left to the runtime: a file should not grow by them. */
const MAX_ELEMENTS = 2 ** 12;

/** Computes what depends on constants alone: sizes that are known, coefficients, and what is written as Constant nodes. */
export const constantFolding: Rule = (node, graph) => {
  const name = at(node.outputs, 0);
  const value = graph.value(name);
  if (value === undefined || node.domain !== '' || node.outputs.length !== 1 || graph.isOutput(name)) return;
  if (node.opType === 'Constant') return value.constant && graph.weight(name, value.constant);
  const shape = numbers(value.shape);
  if (shape === undefined || elementCount(shape) > MAX_ELEMENTS) return;
  const sizes = numbersIn(value);
  // The largest int64, 'to the end', is none that a number holds.
  if (sizes?.every(Number.isSafeInteger) && value.dtype === 'int64')
    return graph.weight(name, int64Tensor(shape, sizes));
  if (value.dtype !== 'float32') return;
  if (sizes !== undefined) return graph.weight(name, float32Tensor(shape, sizes));
  const result = evaluate(node, graph, shape);
  return result && graph.weight(name, result);
};

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Neg: (a) => -a,
};

function evaluate(
  { opType, inputs, attributes }: Node,
  graph: Rewriting,
  dims: readonly number[],
): Tensor | undefined {
  if (opType === 'ConstantOfShape') {
    const attribute = attributes.get('value');
    const fill = attribute?.type === 'tensor' ? float32Values(attribute.value) : [0];
    return computed(dims, (values) => values.fill(at(fill, 0)));
  }
  const operands = inputs.map((name) => graph.constant(name)).filter((tensor) => tensor?.dtype === 'float32');
  const [left, right = left] = operands;
  const compute = ARITHMETIC[opType];
  if (compute === undefined || left === undefined || right === undefined || operands.length < inputs.length)
    return;
  // At once: a chain of these would be computed anew for each that reads it.
  const [a, b] = [float32Values(left), float32Values(right)];
  const values = Float32Array.from({ length: elementCount(dims) }, (_, place) =>
    compute(at(a, placeIn(left.dims, place, dims)), at(b, placeIn(right.dims, place, dims))),
  );
  return float32Tensor(dims, values);
}

/** Where the element of a result comes from in an operand that broadcasts to it. */
function placeIn(dims: readonly number[], place: number, result: readonly number[]): number {
  const index = unravel(place, result).slice(result.length - dims.length);
  return dims.reduce((own, size, axis) => own * size + (size === 1 ? 0 : at(index, axis)), 0);
}
