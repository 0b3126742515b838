import { at } from '../common/at.js';
import {
  addDims,
  type Dim,
  dimText,
  exactly,
  floorDivideDim,
  mayEqual,
  multiplyDims,
  quotient,
  sameDim,
  shapeText,
  subtractDims,
  symbol,
} from '../ir/dim.js';
import type { DType } from '../ir/dtype.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { float32Tensor, int64Tensor } from '../ir/tensor.js';
import { constant, contentOf, type Value, type ValueType } from '../ir/value.js';

/** NumPy's rule for one axis; two different unknown sizes give a new one. */
function broadcastDim(a: Dim, b: Dim): Dim | undefined {
  if (sameDim(a, b) || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number' && typeof b === 'number') return undefined;
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return symbol(`max(${dimText(a)}, ${dimText(b)})`);
}

/** The axes of two operands, matched from the last; `one` stands for each that is missing. */
export function matchedAxes<T>(a: readonly T[], b: readonly T[], one: T): readonly (readonly [T, T])[] {
  const rank = Math.max(a.length, b.length);
  const filled = (axes: readonly T[]) => [...Array<T>(rank - axes.length).fill(one), ...axes];
  const right = filled(b);
  return filled(a).map((axis, index) => [axis, at(right, index)]);
}

/** The shape of an elementwise result: axes are matched from the last, an axis of 1 stretches. */
export function broadcast(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  return matchedAxes(a, b, 1).map(([left, right]) => {
    const dim = broadcastDim(left, right);
    if (dim === undefined) throw new RangeError(`${shapeText(a)} and ${shapeText(b)} do not broadcast`);
    return dim;
  });
}

/** What an operator computes of two elements; undefined where that is not known. */
export type OnElements = (a: Dim, b: Dim, dtype: DType) => Dim | undefined;

/** Of operators whose elements are not followed. */
export const NOTHING_KNOWN: OnElements = () => undefined;

/** What is computed of numbers alone. */
export const ofNumbers =
  (compute: (a: number, b: number) => number | undefined): OnElements =>
  (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? compute(a, b) : undefined;

/** Operators on two values of one type. @param result the type of what they give, where it is another */
export function binary(opType: string, onElements: OnElements, result?: DType): OpDefinition {
  return {
    opType,
    sinceSignature: 7,
    infer(inputs) {
      const a = required(inputs, 0, 'a');
      const b = required(inputs, 1, 'b');
      if (a.dtype !== b.dtype) throw new TypeError(`a is ${a.dtype}, b is ${b.dtype}`);
      const content = combined(a, b, onElements);
      return [{ dtype: result ?? a.dtype, shape: broadcast(a.shape, b.shape), ...(content && { content }) }];
    },
  };
}

/** Elements of two short lists, one by one; one alone goes with each. */
function combined(a: ValueType, b: ValueType, onElements: OnElements): readonly Dim[] | undefined {
  const lists = [stretched(a, b), stretched(b, a)];
  const [left, right] = lists.every(({ shape }) => shape.length <= 1) ? lists.map(contentOf) : [];
  if (left === undefined || right === undefined || left.length !== right.length) return undefined;
  const result = left.map((each, index) => exactly(() => onElements(each, at(right, index), a.dtype)));
  return result.every((dim) => dim !== undefined) ? result : undefined;
}

/** A value of one element as often as another one has elements. */
export function stretched(value: ValueType, other: ValueType): ValueType {
  const [content, others] = [contentOf(value), contentOf(other)];
  if (content?.length !== 1 || others === undefined) return value;
  return { ...value, content: others.map(() => at(content, 0)) };
}

/** Arithmetic as runtimes do it in float32; symbols stand for whole numbers, which stay so. */
function arithmetic(opType: string, onSizes: OnElements, onFloats: (a: number, b: number) => number) {
  return binary(opType, (a, b, dtype) =>
    dtype === 'float32' && typeof a === 'number' && typeof b === 'number'
      ? Math.fround(onFloats(a, b))
      : onSizes(a, b, dtype),
  );
}

export const Add = arithmetic('Add', addDims, (a, b) => a + b);
export const Sub = arithmetic('Sub', subtractDims, (a, b) => a - b);
export const Mul = arithmetic('Mul', multiplyDims, (a, b) => a * b);
// Integer division truncates, as floor does where nothing is negative; symbols stand for sizes, which are not.
export const Div = arithmetic(
  'Div',
  (a, b, dtype) => {
    if (dtype === 'float32') return quotient(a, b);
    return typeof b === 'number' && b > 0 && !(typeof a === 'number' && a < 0)
      ? floorDivideDim(a, b)
      : undefined;
  },
  (a, b) => a / b,
);

// The sign of what is negative depends on an attribute.
export const Mod: OpDefinition = {
  ...binary(
    'Mod',
    ofNumbers((a, b) => (a >= 0 && b > 0 ? a % b : undefined)),
  ),
  since: 10,
  attributes: { fmod: 'int' },
};

/** Of any number of operands; the elements of two are followed. */
function variadic(opType: string, onNumbers?: (a: number, b: number) => number): OpDefinition {
  const ofTwo = binary(opType, onNumbers ? ofNumbers(onNumbers) : NOTHING_KNOWN);
  return {
    ...ofTwo,
    sinceSignature: 8,
    infer(inputs, ...node) {
      const [first, ...others] = inputs.map((_, index) => required(inputs, index, 'operand'));
      if (first === undefined) throw new TypeError('it has no operand');
      const { dtype, shape } = first;
      if (others.length === 0) return [{ dtype, shape }];
      let result = first;
      for (const other of others) [result = first] = ofTwo.infer([result, other], ...node);
      return [result];
    },
  };
}

export const Max = variadic('Max', Math.max);
export const Min = variadic('Min', Math.min);
export const Mean = variadic('Mean');
export const Sum = variadic('Sum');

/** x where it is positive, elsewhere the slope times x; the slope stretches to x, and x to nothing. */
export const PRelu: OpDefinition = {
  opType: 'PRelu',
  sinceSignature: 7,
  parameters: [1],
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const slope = required(inputs, 1, 'slope');
    if (slope.dtype !== dtype) throw new TypeError(`x is ${dtype}, slope is ${slope.dtype}`);
    if (!mayEqual(broadcast(shape, slope.shape), shape)) {
      throw new RangeError(`slope ${shapeText(slope.shape)} does not stretch to ${shapeText(shape)}`);
    }
    return [{ dtype, shape }];
  },
};

/** Its exponent may be of another type. */
export const Pow: OpDefinition = {
  opType: 'Pow',
  sinceSignature: 7,
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    return [{ dtype: x.dtype, shape: broadcast(x.shape, required(inputs, 1, 'exponent').shape) }];
  },
};

/** A coefficient: computed in double, rounded once to float32 here. Sizes are whole numbers and stay so. */
export function operand(value: Value | number, dtype: DType = 'float32'): Value {
  if (typeof value !== 'number') return value;
  return constant(dtype === 'int64' ? int64Tensor([], [value]) : float32Tensor([], [value]));
}

/** A number is a scalar of the other operand's type. */
export const binaryOf =
  (definition: OpDefinition) =>
  (a: Value | number, b: Value | number): Value => {
    const { dtype } = [a, b].find((value) => typeof value !== 'number') ?? { dtype: 'float32' };
    return apply(definition, [operand(a, dtype), operand(b, dtype)]);
  };

/** ONNX Add, Sub, Mul and Div with NumPy's broadcasting; a number is a scalar of the other's type. */
export const add = binaryOf(Add);
export const sub = binaryOf(Sub);
export const mul = binaryOf(Mul);
export const div = binaryOf(Div);
/** ONNX Pow. */
export const pow = binaryOf(Pow);
/** ONNX Max of two. */
export const max = binaryOf(Max);
/** ONNX Min of two. */
export const min = binaryOf(Min);
/** ONNX Mod of whole numbers. */
export const mod = binaryOf(Mod);

/** ONNX PRelu: x where it is positive, elsewhere slopes x. slopes [C or 1, 1, 1] for x [N, C, H, W]. */
export const parametricRelu = (x: Value, slopes: Value): Value => apply(PRelu, [x, slopes]);
