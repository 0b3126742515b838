import { at } from '../common/at.js';
import { type Dim, differentDims, isSize, sameDim } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { contentOf, type Value, type ValueType } from '../ir/value.js';
import { binary, binaryOf, broadcast, NOTHING_KNOWN, ofNumbers, operand, stretched } from './elementwise.js';

/** Whether elements are equal; also where one is a size that is not known and the other, as -1, is none. */
function equals(a: Dim, b: Dim): Dim | undefined {
  const isNone = (dim: Dim) => typeof dim === 'number' && dim < 0;
  if (differentDims(a, b) || (isSize(a) && isNone(b)) || (isSize(b) && isNone(a))) return 0;
  return sameDim(a, b) ? 1 : undefined;
}

export const Equal = binary('Equal', equals, 'bool');

function comparison(opType: string, holds: (a: number, b: number) => boolean, since = 1): OpDefinition {
  const onElements = ofNumbers((a, b) => Number(holds(a, b)));
  return { ...binary(opType, onElements, 'bool'), since };
}
export const Greater = comparison('Greater', (a, b) => a > b);
export const Less = comparison('Less', (a, b) => a < b);
export const GreaterOrEqual = comparison('GreaterOrEqual', (a, b) => a >= b, 12);
export const LessOrEqual = comparison('LessOrEqual', (a, b) => a <= b, 12);

export const And = binary('And', NOTHING_KNOWN, 'bool');
export const Or = binary('Or', NOTHING_KNOWN, 'bool');
export const Xor = binary('Xor', NOTHING_KNOWN, 'bool');

const bitwise = (opType: string): OpDefinition => ({ ...binary(opType, NOTHING_KNOWN), since: 18 });
export const BitwiseAnd = bitwise('BitwiseAnd');
export const BitwiseOr = bitwise('BitwiseOr');
export const BitwiseXor = bitwise('BitwiseXor');
export const BitShift: OpDefinition = {
  ...binary('BitShift', NOTHING_KNOWN),
  since: 11,
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

/** ONNX Greater and Equal with NumPy's broadcasting -> bool; a number is a scalar of the other's type. */
export const greater = binaryOf(Greater);
export const equal = binaryOf(Equal);

/** ONNX Where: elements of a where the condition holds, elsewhere those of b; a number is a float32 scalar. */
export const where = (condition: Value, a: Value | number, b: Value | number): Value =>
  apply(Where, [condition, operand(a), operand(b)]);
