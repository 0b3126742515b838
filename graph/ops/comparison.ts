import { at } from '../common/at.js';
import { type Dim, differentDims, isSize, sameDim } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { float32Tensor } from '../ir/tensor.js';
import { constant, contentOf, type Value, type ValueType } from '../ir/value.js';
import { binary, broadcast, type OnElements, stretched } from './elementwise.js';

/** Whether elements are equal; also where one is a size that is not known and the other, as -1, is none. */
function equals(a: Dim, b: Dim): Dim | undefined {
  const isNone = (dim: Dim) => typeof dim === 'number' && dim < 0;
  if (differentDims(a, b) || (isSize(a) && isNone(b)) || (isSize(b) && isNone(a))) return 0;
  return sameDim(a, b) ? 1 : undefined;
}

const ofNumbers =
  (holds: (a: number, b: number) => boolean): OnElements =>
  (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? Number(holds(a, b)) : undefined;

const comparison = (
  opType: string,
  onElements: OnElements,
  more: Partial<OpDefinition> = {},
): OpDefinition => ({
  ...binary(opType, onElements, 'bool'),
  ...more,
});

export const Equal = comparison('Equal', equals);
export const Greater = comparison(
  'Greater',
  ofNumbers((a, b) => a > b),
);
export const Less = comparison(
  'Less',
  ofNumbers((a, b) => a < b),
);
const LATER = { since: 12, sinceSignature: 12 };
export const GreaterOrEqual = comparison(
  'GreaterOrEqual',
  ofNumbers((a, b) => a >= b),
  LATER,
);
export const LessOrEqual = comparison(
  'LessOrEqual',
  ofNumbers((a, b) => a <= b),
  LATER,
);

const NOTHING_KNOWN: OnElements = () => undefined;
export const And = comparison('And', NOTHING_KNOWN);
export const Or = comparison('Or', NOTHING_KNOWN);
export const Xor = comparison('Xor', NOTHING_KNOWN);

const bitwise = (opType: string): OpDefinition => ({
  ...binary(opType, NOTHING_KNOWN),
  since: 18,
  sinceSignature: 18,
});
export const BitwiseAnd = bitwise('BitwiseAnd');
export const BitwiseOr = bitwise('BitwiseOr');
export const BitwiseXor = bitwise('BitwiseXor');
export const BitShift: OpDefinition = {
  ...binary('BitShift', NOTHING_KNOWN),
  since: 11,
  sinceSignature: 11,
  attributes: { direction: 'string' },
};

function testing(opType: string, since: number, attributes: OpDefinition['attributes'] = {}): OpDefinition {
  return {
    opType,
    since,
    attributes,
    infer: (inputs) => [{ dtype: 'bool', shape: required(inputs, 0, 'x').shape }],
  };
}
export const IsNaN = testing('IsNaN', 9);
export const IsInf = testing('IsInf', 10, { detect_negative: 'int', detect_positive: 'int' });

/** One value where a condition holds, another elsewhere. */
export const Where: OpDefinition = {
  opType: 'Where',
  since: 9,
  infer(inputs) {
    const condition = required(inputs, 0, 'condition');
    const [x, y] = [required(inputs, 1, 'x'), required(inputs, 2, 'y')];
    if (condition.dtype !== 'bool') throw new TypeError(`condition is ${condition.dtype}, expected bool`);
    if (x.dtype !== y.dtype) throw new TypeError(`x is ${x.dtype}, y is ${y.dtype}`);
    const shape = [condition, x, y].map((each) => each.shape).reduce(broadcast);
    const content = shape.length <= 1 ? chosen(condition, x, y) : undefined;
    return [{ dtype: x.dtype, shape, ...(content && { content }) }];
  },
};

function chosen(condition: ValueType, x: ValueType, y: ValueType): readonly Dim[] | undefined {
  const longest = [condition, x, y].reduce((a, b) => ((contentOf(b) ?? []).length > 1 ? b : a));
  const [holds, left, right] = [condition, x, y].map((each) => contentOf(stretched(each, longest)));
  if (holds === undefined || left?.length !== holds.length || right?.length !== holds.length)
    return undefined;
  return holds.map((truth, index) => at(truth === 1 ? left : right, index));
}

const operand = (value: Value | number): Value =>
  typeof value === 'number' ? constant(float32Tensor([], [value])) : value;

/** ONNX Greater and Equal of float32 values with NumPy's broadcasting -> bool; a number is a scalar. */
export const greater = (a: Value | number, b: Value | number): Value =>
  apply(Greater, [operand(a), operand(b)]);
export const equal = (a: Value, b: Value | number): Value => apply(Equal, [a, operand(b)]);

/** ONNX Where: elements of a where the condition holds, elsewhere those of b; a number is a float32 scalar. */
export const where = (condition: Value, a: Value | number, b: Value | number): Value =>
  apply(Where, [condition, operand(a), operand(b)]);
