import { badModel, reason } from '../common/errors.js';
import type { Attribute, Attributes, AttributeType } from './attribute.js';
import { type Dim, numbers, OPEN } from './dim.js';
import { elementCount } from './tensor.js';
import { currentScope, MAX_CONTENT, type Value, type ValueType } from './value.js';

/** What an operator is given: undefined for an input that is left out, or of which nothing is known. */
export type Operands = readonly (ValueType | undefined)[];

/** An operator: its contract in one place. */
export interface OpDefinition {
  readonly opType: string;
  /** That of ONNX where there is none. */
  readonly domain?: string;
  /** The opset that introduced the operator; default 1. */
  readonly since?: number;
  /** The first opset in which it has the signature written and inferred here, where that is a later one. */
  readonly sinceSignature?: number;
  /** Whether two nodes that read the same may give what differs. */
  readonly isRandom?: boolean;
  /** How many outputs a node has at least; default 1. */
  readonly outputs?: number;
  /** Positions of the inputs that hold trained parameters (BatchNorm's running statistics are none). */
  readonly parameters?: readonly number[];
  /** The types of its attributes. What is of another type would be taken for absent. */
  readonly attributes?: Readonly<Record<string, AttributeType>>;
  /**
   * Types of the outputs. Throws a RangeError or TypeError that names the input at fault.
   * @param outputs how many the node has
   */
  infer(inputs: Operands, attributes: Attributes, outputs: number): readonly ValueType[];
  /** Multiply-adds, where all sizes are known. Convolutions and matrix products only; biases are not counted. */
  macs?(inputs: Operands, output: ValueType, attributes: Attributes): number | undefined;
}

/** onnxruntime's tensors have fewer axes; sizes that are followed are those of one tensor. */
export const MAX_RANK = 64;

/**
 * Infers the types of an operator's outputs, none where nothing can be said.
 * @throws what the operator's rule throws, and a RangeError for a type that no runtime could hold
 */
export function inferOutputs(
  definition: OpDefinition,
  inputs: Operands,
  attributes: Attributes,
  outputs = 1,
): readonly ValueType[] {
  checkTypes(attributes, definition.attributes);
  return definition.infer(inputs, attributes, outputs).map(({ content, ...type }) => {
    checkShape(type.shape);
    const sizes = numbers(type.shape);
    const whole = content !== undefined && sizes !== undefined && content.length === elementCount(sizes);
    return whole && content.length <= MAX_CONTENT ? { ...type, content } : type;
  });
}

/** @throws TypeError for an attribute of another type than its operator gives it */
function checkTypes(attributes: Attributes, expected: OpDefinition['attributes'] = {}): void {
  for (const [name, { type }] of attributes) {
    const known = Object.hasOwn(expected, name) ? expected[name] : undefined;
    if (known === undefined || type === known) continue;
    const found = type === 'other' ? 'of a type, or a size, that is not read' : `of type ${type}`;
    throw new TypeError(`attribute '${name}' is ${found}, expected ${known}`);
  }
}

/** @throws RangeError where a shape has too many axes, or one of an impossible size */
export function checkShape(shape: readonly Dim[]): void {
  if (shape.length > MAX_RANK) throw new RangeError(`${shape.length} axes are more than ${MAX_RANK}`);
  for (const dim of shape) {
    if (typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0)) {
      throw new RangeError(`an axis has the impossible size ${dim}`);
    }
  }
}

/** Applies an operator of one output, inferring its type. A misfit is reported with the scope it happened in. */
export function apply(
  definition: OpDefinition,
  inputs: readonly (Value | undefined)[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Value {
  const operation = {
    opType: definition.opType,
    scope: currentScope(),
    inputs,
    attributes: new Map(Object.entries(attributes)),
    ...(definition.outputs !== undefined && { outputs: definition.outputs }),
  };
  try {
    const [type] = inferOutputs(definition, inputs, operation.attributes, definition.outputs);
    if (type === undefined || type.shape.includes(OPEN))
      throw new TypeError('the type of its output cannot be inferred');
    return { ...type, source: { kind: 'operation', operation } };
  } catch (error) {
    const place = operation.scope === '' ? '' : ` in ${operation.scope}`;
    throw badModel(`${definition.opType}${place}: ${reason(error)}`, { cause: error });
  }
}

/** The input at a position, which the operator requires. */
export function required(inputs: Operands, index: number, name: string): ValueType {
  const type = inputs[index];
  if (type === undefined) throw new TypeError(`input ${index} (${name}) is missing`);
  return type;
}
