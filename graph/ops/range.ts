import { type Dim, OPEN } from '../ir/dim.js';
import { type OpDefinition, required } from '../ir/op.js';
import { contentOf, MAX_CONTENT, type ValueType } from '../ir/value.js';

/** A scalar, where it is known before anything runs. */
const scalarOf = (value: ValueType): Dim | undefined => contentOf(value)?.[0];

export const Range: OpDefinition = {
  opType: 'Range',
  since: 11,
  infer(inputs) {
    const start = required(inputs, 0, 'start');
    const [first, limit, delta] = [
      scalarOf(start),
      scalarOf(required(inputs, 1, 'limit')),
      scalarOf(required(inputs, 2, 'delta')),
    ];
    if (delta === 0) throw new RangeError('delta is 0');
    const open = [{ dtype: start.dtype, shape: [OPEN] }];
    if (typeof first !== 'number' || limit === undefined || typeof delta !== 'number') return open;
    const { dtype } = start;
    // As many as there are places up to a size that is not known.
    if (typeof limit !== 'number') return first === 0 && delta === 1 ? [{ dtype, shape: [limit] }] : open;
    const length = Math.max(0, Math.ceil((limit - first) / delta));
    if (dtype === 'float32' || length > MAX_CONTENT) return [{ dtype, shape: [length] }];
    return [{ dtype, shape: [length], content: Array.from({ length }, (_, index) => first + index * delta) }];
  },
};
