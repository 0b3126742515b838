import { badUsage } from '../common/errors.js';
import { shapeText } from '../ir/dim.js';
import type { DType } from '../ir/dtype.js';
import { float32Tensor } from '../ir/tensor.js';
import { constant, type Operation, scope, type Value } from '../ir/value.js';
import { add } from '../ops/elementwise.js';
import { identityOf } from './rule.js';
import { DIFFERENTIABLE, ruleOf } from './rules.js';
import { topological } from './topological.js';

/**
 * The gradients of a loss with respect to parameters, by reverse-mode differentiation: a graph of ONNX's own operators, which any
 * runtime runs. At kinks they are what PyTorch takes there.
 * @param loss a float32 value of one element
 * @param parameters float32 values that the loss is computed from: inputs, weights, or values in between. Sizes that a gradient
 *   needs must be known
 * @returns the gradient of each parameter, of its shape
 * @throws NmodeError (BAD_USAGE) for a loss of several elements, a parameter that it does not depend on, an open size, and an
 *   operator that has no gradient
 */
export function gradients(loss: Value, parameters: readonly Value[]): readonly Value[] {
  if (loss.dtype !== 'float32' || loss.shape.some((size) => size !== 1)) {
    throw badUsage(
      `a loss of ${loss.dtype} ${shapeText(loss.shape)}, expected one float32 number: sum it up, or take its mean`,
    );
  }
  const order = topological([loss]);
  const dependent = new Set(parameters.map(identityOf));
  for (const { source, dtype } of order) {
    // Whole numbers and truth values do not change a little.
    if (source.kind !== 'operation' || !REAL.has(dtype)) continue;
    const { inputs } = source.operation;
    if (inputs.some((input) => input && dependent.has(identityOf(input)))) dependent.add(source.operation);
  }
  const known = new Map<unknown, Value>();
  known.set(identityOf(loss), constant(float32Tensor(loss.shape.map(Number), [1])));
  for (const value of order.toReversed()) {
    const dy = known.get(identityOf(value));
    if (value.source.kind !== 'operation' || dy === undefined || !dependent.has(identityOf(value))) continue;
    const { operation } = value.source;
    scope(gradientScope(operation), () => {
      for (const { to, gradient } of contributionsOf(operation, value, dy)) {
        if (!dependent.has(identityOf(to))) continue;
        const before = known.get(identityOf(to));
        known.set(identityOf(to), before === undefined ? gradient() : add(before, gradient()));
      }
    });
  }
  return parameters.map((parameter) => {
    const gradient = known.get(identityOf(parameter));
    if (gradient !== undefined) return gradient;
    throw badUsage(
      `the loss does not depend on parameter ${nameOf(parameter)}: leave it out, or compute the loss from it`,
    );
  });
}

const REAL: ReadonlySet<DType> = new Set(['float16', 'bfloat16', 'float32', 'float64']);

const gradientScope = ({ scope }: Operation): string => (scope === '' ? 'gradients' : `gradients/${scope}`);

function nameOf({ source, shape }: Value): string {
  switch (source.kind) {
    case 'input':
      return `'${source.name}'`;
    case 'constant':
      return source.name === undefined ? shapeText(shape) : `'${source.name}'`;
    case 'operation':
      return `${shapeText(shape)}, the output of ${source.operation.opType}`;
  }
}

function contributionsOf(operation: Operation, y: Value, dy: Value) {
  const { opType, scope } = operation;
  const rule = ruleOf(opType);
  if (rule !== undefined) return rule({ ...operation, y }, dy);
  const place = scope === '' ? '' : ` (in ${scope})`;
  throw badUsage(
    `operator ${opType}${place} has no gradient, and parameters are behind it: there are those of ${DIFFERENTIABLE.join(', ')}`,
  );
}
