import { type OpDefinition, required } from '../ir/op.js';
import { float32Values } from '../ir/tensor.js';
import { contentOf, type ValueType } from '../ir/value.js';

/** A scalar that is known before anything runs. */
function scalarOf(value: ValueType): number | undefined {
  const [known] =
    (value.dtype === 'float32' ? value.constant && float32Values(value.constant) : contentOf(value)) ?? [];
  return typeof known === 'number' ? known : undefined;
}

export const Range: OpDefinition = {
  opType: 'Range',
  since: 11,
  infer(inputs) {
    const start = required(inputs, 0, 'start');
    const limit = scalarOf(required(inputs, 1, 'limit'));
    const delta = scalarOf(required(inputs, 2, 'delta'));
    const first = scalarOf(start);
    if (delta === 0) throw new RangeError('delta is 0');
    if (first === undefined || limit === undefined || delta === undefined) return [];
    return [{ dtype: start.dtype, shape: [Math.max(0, Math.ceil((limit - first) / delta))] }];
  },
};
