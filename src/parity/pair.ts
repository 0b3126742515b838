import { basename } from 'node:path';
import { NmodeError } from '../../graph/common/errors.js';
import { float32Values, type Tensor } from '../../graph/ir/tensor.js';
import { FOLDS_OUTPUT } from '../../graph/recipe/recipe.js';
import type { Floats } from '../../runtime/sessions/tensors.js';

interface Named {
  readonly name: string;
}

/** What a model takes and gives. */
export interface Ports {
  readonly inputs: readonly Named[];
  readonly outputs: readonly Named[];
}

/** A tensor under the name that the reference gives it. */
export interface NamedTensor extends Floats {
  readonly name: string;
}

/** A reference's tensors, by the names of the model's inputs and outputs. */
export interface Paired {
  readonly inputs: Readonly<Record<string, NamedTensor>>;
  readonly expected: readonly (readonly [string, NamedTensor])[];
}

/** A reference with which a model cannot be compared. */
export const badReference = (message: string, options?: ErrorOptions) =>
  new NmodeError('BAD_REFERENCE', message, options);

/** What references call what a network gives. */
const USUAL_OUTPUTS: readonly string[] = ['output', 'logits', 'probabilities'];

/**
 * Pairs the ports of a model with reference tensors by name; a single input and outputs that no tensor is named for take the
 * tensors left over, in that order. Where more are left, as those of deep supervision, the first output takes the one of a usual name.
 * @throws NmodeError (BAD_REFERENCE)
 */
export function pairTensors(model: Ports, reference: ReadonlyMap<string, Tensor>): Paired {
  // A reference is of what a network gives, which the mean of its folds is.
  const given = model.outputs.filter(({ name }) => name !== FOLDS_OUTPUT || reference.has(name));
  const all = [...model.inputs, ...given];
  const unnamed = all.filter(({ name }) => !reference.has(name));
  const left = [...reference].filter(([name]) => !all.some((port) => port.name === name));
  const isOfFirst = unnamed.length === 1 && unnamed[0] === given[0];
  const usual = isOfFirst ? left.filter(([name]) => USUAL_OUTPUTS.includes(name)) : [];
  // Outputs come in their order.
  const taken = usual.length === 1 ? usual : left;
  const single = model.inputs.length === 1;
  if (unnamed.length > 0 && !(single && unnamed.length === taken.length)) {
    const [missing, held] = [unnamed.map((port) => port.name), [...reference.keys()]];
    throw badReference(
      `the reference has no tensor for ${missing.join(' and ')}: it holds ${held.join(', ') || 'none'}; give tensors these names, or leave only the input and the outputs in it`,
    );
  }
  const tensorOf = (port: Named): [string, NamedTensor] => {
    const [name, tensor] = taken[unnamed.indexOf(port)] ?? [port.name, reference.get(port.name)];
    if (tensor?.dtype !== 'float32') {
      throw badReference(`the reference '${name}' is ${tensor?.dtype}, expected floating-point numbers`);
    }
    const data = float32Values(tensor);
    if (data.some(Number.isNaN)) {
      throw badReference(`the reference '${name}' holds NaN, with which nothing can be compared`);
    }
    return [port.name, { name, dims: tensor.dims, data }];
  };
  return {
    inputs: Object.fromEntries(model.inputs.map(tensorOf)),
    expected: given.map(tensorOf),
  };
}

/** An error with the name of the reference that it is of before it; any other as it is. */
export function namedReference(path: string, error: unknown): unknown {
  if (!(error instanceof NmodeError) || error.code !== 'BAD_REFERENCE') return error;
  return badReference(`${basename(path)}: ${error.message}`, { cause: error });
}

/** Rounding leaves [0, 1] by less. */
const MARGIN = 1e-3;

/** Whether a value is no probability. */
export const leavesUnit = (value: number): boolean => value < -MARGIN || value > 1 + MARGIN;

/** What is told where a model with a head is held against logits. */
export const OF_LOGITS = 'the reference holds logits: compared before the head, which is not verified';

/** Whether what a head follows, which is the first output, are logits: probabilities never leave [0, 1]. */
export const holdsLogits = ({ expected }: Paired): boolean =>
  expected.slice(0, 1).some(([, { data }]) => data.some(leavesUnit));
