import { at } from '../common/at.js';
import {
  addDims,
  type Dim,
  dimText,
  exactly,
  floorDivideDim,
  multiplyDims,
  sameDim,
  shapeText,
  subtractDims,
  symbol,
} from '../ir/dim.js';
import type { DType } from '../ir/dtype.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { float32Tensor, int64Tensor } from '../ir/tensor.js';
import { constant, contentOf, type Value } from '../ir/value.js';

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

type OnSizes = (a: Dim, b: Dim) => Dim | undefined;

function binary(opType: string, onSizes: OnSizes): OpDefinition {
  return {
    opType,
    since: 1,
    sinceSignature: 7,
    infer(inputs) {
      const a = required(inputs, 0, 'a');
      const b = required(inputs, 1, 'b');
      if (a.dtype !== b.dtype) throw new TypeError(`a is ${a.dtype}, b is ${b.dtype}`);
      const flat = a.shape.length <= 1 && b.shape.length <= 1;
      const content = flat ? combine(contentOf(a), contentOf(b), onSizes) : undefined;
      return [{ dtype: a.dtype, shape: broadcast(a.shape, b.shape), ...(content && { content }) }];
    },
  };
}

/** Arithmetic on known sizes: element by element, or with a scalar. */
function combine(
  a: readonly Dim[] | undefined,
  b: readonly Dim[] | undefined,
  onSizes: OnSizes,
): readonly Dim[] | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a.length !== b.length && a.length !== 1 && b.length !== 1) return undefined;
  const count = a.length === 1 ? b.length : a.length;
  const stretched = (sizes: readonly Dim[]) =>
    sizes.length === 1 ? Array<Dim>(count).fill(at(sizes, 0)) : sizes;
  const right = stretched(b);
  const result = stretched(a).map((left, index) => exactly(() => onSizes(left, at(right, index))));
  return result.every((dim) => dim !== undefined) ? result : undefined;
}

export const Add = binary('Add', addDims);
export const Sub = binary('Sub', subtractDims);
export const Mul = binary('Mul', multiplyDims);
// Integer division truncates, as floor does where nothing is negative; symbols stand for sizes, which are not.
export const Div = binary('Div', (a, b) =>
  typeof b === 'number' && b > 0 && !(typeof a === 'number' && a < 0) ? floorDivideDim(a, b) : undefined,
);

// The sign of what is negative depends on an attribute.
export const Mod: OpDefinition = {
  ...binary('Mod', (a, b) =>
    typeof a === 'number' && typeof b === 'number' && a >= 0 && b > 0 ? a % b : undefined,
  ),
  since: 10,
  sinceSignature: 10,
  attributes: { fmod: 'int' },
};

// ONNX's Max takes any number of operands; two are what is written and inferred here.
const MaxOfTwo = binary('Max', () => undefined);
export const Max: OpDefinition = {
  ...MaxOfTwo,
  sinceSignature: 8,
  infer: (inputs, ...node) => (inputs.length === 2 ? MaxOfTwo.infer(inputs, ...node) : []),
};

/** Its exponent may be of another type. */
export const Pow: OpDefinition = {
  opType: 'Pow',
  since: 1,
  sinceSignature: 7,
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    return [{ dtype: x.dtype, shape: broadcast(x.shape, required(inputs, 1, 'exponent').shape) }];
  },
};

/** A coefficient: computed in double, rounded once to float32 here. Sizes are whole numbers and stay so. */
function operand(value: Value | number, dtype: DType): Value {
  if (typeof value !== 'number') return value;
  return constant(dtype === 'int64' ? int64Tensor([], [value]) : float32Tensor([], [value]));
}

/** ONNX Add, Sub, Mul and Div with NumPy's broadcasting; a number is a scalar of the other's type. */
export const add = (a: Value, b: Value | number): Value => apply(Add, [a, operand(b, a.dtype)]);
export const sub = (a: Value, b: Value | number): Value => apply(Sub, [a, operand(b, a.dtype)]);
export const mul = (a: Value, b: Value | number): Value => apply(Mul, [a, operand(b, a.dtype)]);
export const div = (a: Value, b: Value | number): Value => apply(Div, [a, operand(b, a.dtype)]);
/** ONNX Max of two. */
export const max = (a: Value, b: Value | number): Value => apply(Max, [a, operand(b, a.dtype)]);
