import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import { addDims, type Dim, mayEqual, shapeText } from '../ir/dim.js';
import { type OpDefinition, type Operands, required } from '../ir/op.js';
import { product } from './conv.js';

const TYPES = {
  activation_alpha: 'floats',
  activation_beta: 'floats',
  activations: 'strings',
  clip: 'float',
  direction: 'string',
  hidden_size: 'int',
  input_forget: 'int',
  layout: 'int',
  linear_before_reset: 'int',
} as const;

/** @throws RangeError where x [steps, batch, inputs], w [directions, gates hidden, inputs] and r [directions, gates hidden, hidden] do not fit each other */
function weightsOf(inputs: Operands) {
  const x = required(inputs, 0, 'x').shape;
  const w = required(inputs, 1, 'w').shape;
  const r = required(inputs, 2, 'r').shape;
  const fits = [x, w, r].every(({ length }) => length === 3);
  if (!fits || !mayEqual([at(w, 0), at(w, 2)], [at(r, 0), at(x, 2)])) {
    throw new RangeError(`w ${shapeText(w)} and r ${shapeText(r)} do not fit x ${shapeText(x)}`);
  }
  return { x, w, r };
}

/** x [steps, batch, inputs] -> y [steps, directions, batch, hidden], then the last of each `state` [directions, batch, hidden]; with `layout` 1 the batch comes first. */
function recurrent(opType: string, states: number): OpDefinition {
  return {
    opType,
    sinceSignature: 7,
    parameters: [1, 2, 3, ...(opType === 'LSTM' ? [7] : [])],
    attributes: TYPES,
    infer(inputs, attributes) {
      const { dtype } = required(inputs, 0, 'x');
      const { x, w, r } = weightsOf(inputs);
      const isBatchFirst = intOf(attributes, 'layout', 0) === 1;
      const [steps, batch] = isBatchFirst ? [at(x, 1), at(x, 0)] : [at(x, 0), at(x, 1)];
      const [directions, hidden] = [at(w, 0), at(r, 2)];
      const y: readonly Dim[] = isBatchFirst
        ? [batch, steps, directions, hidden]
        : [steps, directions, batch, hidden];
      const last: readonly Dim[] = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
      return [{ dtype, shape: y }, ...Array(states).fill({ dtype, shape: last })];
    },
    macs(inputs) {
      const { x, w, r } = weightsOf(inputs);
      return product([at(x, 0), at(x, 1), at(w, 0), at(w, 1), addDims(at(w, 2), at(r, 2))]);
    },
  };
}

export const LSTM = recurrent('LSTM', 2);
export const GRU = recurrent('GRU', 1);
export const RNN = recurrent('RNN', 1);
