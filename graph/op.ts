import type { Attribute, Attributes } from './attribute.js';
import { NmodeError, reason } from './errors.js';
import { currentScope, type Value, type ValueType } from './value.js';

/** An operator of the default domain: its contract in one place. */
export interface OpDefinition {
  readonly opType: string;
  /** The first opset in which the form written and inferred here is valid. */
  readonly since: number;
  /** Positions of the inputs that hold trained parameters (BatchNorm's running statistics are none). */
  readonly parameters?: readonly number[];
  /** Types of the outputs. Throws a RangeError or TypeError that names the input at fault. */
  infer(inputs: readonly (ValueType | undefined)[], attributes: Attributes): readonly ValueType[];
  /** Multiply-adds, where all sizes are known. Convolutions and matrix products only; biases are not counted. */
  macs?(
    inputs: readonly (ValueType | undefined)[],
    output: ValueType,
    attributes: Attributes,
  ): number | undefined;
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
  };
  let type: ValueType | undefined;
  try {
    type = definition.infer(inputs, operation.attributes)[0];
  } catch (error) {
    const place = operation.scope === '' ? '' : ` in ${operation.scope}`;
    throw new NmodeError('BAD_MODEL', `${definition.opType}${place}: ${reason(error)}`, { cause: error });
  }
  if (type === undefined) throw new TypeError(`${definition.opType} infers no output`);
  return { ...type, source: { kind: 'operation', operation } };
}

/** The input at a position, which the operator requires. */
export function required(inputs: readonly (ValueType | undefined)[], at: number, name: string): ValueType {
  const type = inputs[at];
  if (type === undefined) throw new TypeError(`input ${at} (${name}) is missing`);
  return type;
}
