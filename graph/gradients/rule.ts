import { at } from '../common/at.js';
import { badUsage } from '../common/errors.js';
import { numbers, sameDim, shapeText } from '../ir/dim.js';
import type { OpDefinition } from '../ir/op.js';
import { elementCount } from '../ir/tensor.js';
import type { Operation, Value } from '../ir/value.js';
import { numbersAt } from '../ops/operands.js';
import { reduceSum } from '../ops/reduce.js';

/** One application of an operator: what it was given, and its output y. */
export interface Applied extends Pick<Operation, 'opType' | 'attributes'> {
  readonly inputs: readonly (Value | undefined)[];
  readonly y: Value;
}

/** What the loss changes by with `to`, by way of one operator; made only where a parameter is behind `to`. */
export interface Contribution {
  readonly to: Value;
  gradient(): Value;
}

/**
 * The vector-Jacobian products of an operator. Almost always `to` are its inputs; one that ends a well-known expression (GELU) may
 * name what that is computed from.
 * @param dy the gradient of the loss with respect to the output, of its shape
 */
export type GradientRule = (applied: Applied, dy: Value) => readonly Contribution[];

/** Those of operators, by their names. */
export type Rules = Readonly<Record<string, GradientRule>>;

/** What one operator adds to the gradients of its inputs, in their order; undefined for one that has none. */
export const perInput = (
  { inputs }: Applied,
  ...gradients: readonly ((() => Value) | undefined)[]
): readonly Contribution[] =>
  gradients.flatMap((gradient, index) => {
    const to = inputs[index];
    return to === undefined || gradient === undefined ? [] : [{ to, gradient }];
  });

/** A rule of the first input alone. */
export const unary =
  (gradient: (dy: Value, x: Value, applied: Applied) => Value): GradientRule =>
  (applied, dy) =>
    perInput(applied, () => gradient(dy, inputOf(applied, 0), applied));

/** For an input that has no gradient, as the limits of Clip. @throws NmodeError (BAD_USAGE) where one is asked for */
export const refused =
  ({ opType }: Applied, index: number) =>
  (): never => {
    throw badUsage(
      `operator ${opType} has no gradient for its input ${index}, and parameters are behind it: make that a constant`,
    );
  };

/** The input at a position, which the operator requires. */
export function inputOf({ inputs, opType }: Applied, index: number): Value {
  const value = inputs[index];
  if (value === undefined) throw new TypeError(`${opType} has no input ${index}`);
  return value;
}

/** The operation that computes a value by an operator; undefined where another one does. */
export function operationOf({ source }: Value, { opType }: OpDefinition): Operation | undefined {
  const isSuch = source.kind === 'operation' && source.operation.opType === opType;
  return isSuch ? source.operation : undefined;
}

/** What makes a value the one it is, however often it was typed anew. */
export const identityOf = ({ source }: Value): unknown => {
  switch (source.kind) {
    case 'input':
      return source.name;
    case 'constant':
      return source.tensor;
    case 'operation':
      return source.operation;
  }
};

export const isSame = (a: Value, b: Value): boolean => identityOf(a) === identityOf(b);

/** The sizes of a value. @throws NmodeError (BAD_USAGE) where one is open */
export function sizesOf({ shape }: Value, opType: string): readonly number[] {
  const sizes = numbers(shape);
  if (sizes !== undefined) return sizes;
  throw badUsage(
    `the gradient of ${opType} needs sizes that are known, found ${shapeText(shape)}: build the graph for one batch and size`,
  );
}

/** How many elements a value has along some axes. */
export const countAlong = (value: Value, axes: readonly number[], opType: string): number =>
  elementCount(sizesOf(value, opType).filter((_, axis) => axes.includes(axis)));

/** All axes but that of the channels. */
export const axesButChannels = ({ shape }: Value): readonly number[] =>
  [...shape.keys()].filter((axis) => axis !== 1);

/** Whole numbers that an operator takes as an input, and that its gradient needs. @throws NmodeError (BAD_USAGE) where they are computed */
export function listOf(
  { inputs, opType }: Applied,
  index: number,
  name: string,
  otherwise?: readonly number[],
): readonly number[] {
  const list = numbersAt(inputs, index, name, otherwise);
  if (list !== undefined) return list;
  throw badUsage(`the gradient of ${opType} needs ${name} that are known: make them a constant of the graph`);
}

/**
 * The gradient of an operand that was broadcast: the sum over the axes along which it was stretched.
 * @param dy of the shape of the result
 */
export function unbroadcast(dy: Value, operand: Value): Value {
  const missing = dy.shape.length - operand.shape.length;
  const stretched = [...operand.shape.keys()].filter(
    (axis) => operand.shape[axis] === 1 && !sameDim(at(dy.shape, axis + missing), 1),
  );
  const inner = stretched.map((axis) => axis + missing);
  const summed = inner.length === 0 ? dy : reduceSum(dy, inner);
  return missing === 0 ? summed : reduceSum(summed, [...Array(missing).keys()], false);
}
