import { at, floatAt } from '../common/at.js';
import { isHeld, MAX_HALF, MIN_HALF } from '../common/half.js';
import { type Attribute, intOf } from '../ir/attribute.js';
import type { Node } from '../ir/model.js';
import { elementCount, float32Values, type Tensor } from '../ir/tensor.js';
import type { Rewriting } from '../rewriting/rewrite.js';

/** Operators that sum products with weights: which of their inputs are weights, and along which axis of these the results are. */
const WEIGHTS: Readonly<Record<string, (node: Node) => Readonly<Record<number, number>>>> = {
  Conv: () => ({ 1: 0 }),
  ConvTranspose: () => ({ 1: 1 }),
  MatMul: () => ({ 0: -2, 1: -1 }),
  Gemm: ({ attributes }) => ({
    0: intOf(attributes, 'transA', 0) === 1 ? 1 : 0,
    1: intOf(attributes, 'transB', 0) === 1 ? 0 : 1,
  }),
};

/** What is added to such sums. */
const BIAS = 2;

export const sumsProducts = ({ opType, domain }: Node): boolean => domain === '' && opType in WEIGHTS;

/** The axis of the results in the weights at this input; undefined where it holds no weights of a sum. */
export function weightAxis(node: Node, input: number): number | undefined {
  return sumsProducts(node) ? WEIGHTS[node.opType]?.(node)[input] : undefined;
}

/**
 * Whether half precision computes a node with constants that are none of its own: a finite one becomes infinite, an epsilon zero.
 * @param isExact whether every single element counts, as where a division or a logarithm reads the result
 */
export function losesConstants(node: Node, graph: Rewriting, last: number, isExact: boolean): boolean {
  if ([...node.attributes.values()].some(losesAttribute)) return true;
  return node.inputs.slice(0, last).some((name, index) => {
    const tensor = graph.constant(name);
    if (tensor?.dtype !== 'float32') return false;
    const axis = weightAxis(node, index);
    if (axis !== undefined) return losesWeights(tensor, axis);
    const values = float32Values(tensor);
    if (isExact || (node.opType === 'Div' && index === 1)) return !values.every(isHeld);
    return sumsProducts(node) && index === BIAS ? values.some(overflows) : losesScale(values);
  });
}

function losesAttribute(attribute: Attribute): boolean {
  switch (attribute.type) {
    case 'float':
      return !isHeld(attribute.value);
    case 'floats':
      return !attribute.value.every(isHeld);
    case 'tensor':
      return attribute.value.dtype === 'float32' && losesScale(float32Values(attribute.value));
    default:
      return false;
  }
}

/** Beside large elements of the same constant small ones may be rounded to nothing; alone they are an epsilon, or a scale. */
function losesScale(values: Float32Array): boolean {
  let largest = 0;
  for (const value of values) {
    if (overflows(value)) return true;
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  }
  return !isHeld(largest);
}

/**
 * Weights are summed with others of their filter: one that becomes zero is off by less than 2^-25, which is less than the
 * rounding of the largest, if a half holds that one. Filters that give nothing a half could hold, whatever they read, are those that
 * training has switched off; they may go where others are left.
 */
export function losesWeights(weight: Tensor, axis: number): boolean {
  const filters = filtersOf(weight, axis);
  const isOff = ({ sum }: Filter) => sum * MAX_HALF < MIN_HALF;
  return (
    filters.some(({ largest }) => overflows(largest)) ||
    (filters.every(isOff) && filters.some(({ sum }) => sum > 0)) ||
    filters.some((filter) => !isOff(filter) && !isHeld(filter.largest))
  );
}

interface Filter {
  /** The largest magnitude, and the sum of all. */
  readonly largest: number;
  readonly sum: number;
  readonly isOneSigned: boolean;
  readonly terms: number;
}

/** What is known of the weights that each result is a sum with; a vector has one result. */
export function filtersOf(tensor: Tensor, axis: number): readonly Filter[] {
  const { dims } = tensor;
  const values = float32Values(tensor);
  const counted = axis < 0 ? axis + dims.length : axis;
  const [count, inner] =
    dims.length < 2 ? [1, values.length] : [at(dims, counted), elementCount(dims.slice(counted + 1))];
  const found = Array.from({ length: count }, () => ({ largest: 0, sum: 0, positive: 0, negative: 0 }));
  for (let begin = 0; begin < values.length; begin += inner) {
    const filter = at(found, (begin / inner) % count);
    for (let index = begin; index < begin + inner; index++) {
      const value = floatAt(values, index);
      filter.largest = Math.max(filter.largest, Math.abs(value));
      filter.sum += Math.abs(value);
      if (value > 0) filter.positive++;
      if (value < 0) filter.negative++;
    }
  }
  return found.map(({ largest, sum, positive, negative }) => ({
    ...{ largest, sum },
    isOneSigned: positive === 0 || negative === 0,
    terms: positive + negative,
  }));
}

/** Infinity itself is a half. */
const overflows = (value: number) => Number.isFinite(value) && Math.abs(value) > MAX_HALF;
