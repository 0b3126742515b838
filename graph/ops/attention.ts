import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import { addDims, type Dim, floorDivideDim, multiplyDims, shapeText } from '../ir/dim.js';
import { type OpDefinition, required } from '../ir/op.js';
import type { ValueType } from '../ir/value.js';
import { unary } from './unary.js';

/** Of [batch, steps, heads width], with the number of heads, as of [batch, heads, steps, width]. */
function split({ shape }: ValueType, heads: number, name: string) {
  if (shape.length === 4) {
    return { batch: at(shape, 0), heads: at(shape, 1), steps: at(shape, 2), width: at(shape, 3) };
  }
  if (shape.length !== 3 || heads <= 0) {
    throw new RangeError(`${name} is ${shapeText(shape)}, expected [N, heads, steps, width]`);
  }
  const width = floorDivideDim(at(shape, 2), heads);
  return { batch: at(shape, 0), heads, steps: at(shape, 1), width };
}

/** q, k, v of four axes, or of three where the heads are an attribute; then what was computed before. */
export const Attention: OpDefinition = {
  opType: 'Attention',
  since: 23,
  attributes: {
    is_causal: 'int',
    kv_num_heads: 'int',
    q_num_heads: 'int',
    qk_matmul_output_mode: 'int',
    scale: 'float',
    softcap: 'float',
    softmax_precision: 'int',
  },
  infer(inputs, attributes) {
    const query = required(inputs, 0, 'q');
    const key = required(inputs, 1, 'k');
    const value = required(inputs, 2, 'v');
    const q = split(query, intOf(attributes, 'q_num_heads', 0), 'q');
    const k = split(key, intOf(attributes, 'kv_num_heads', 0), 'k');
    const v = split(value, intOf(attributes, 'kv_num_heads', 0), 'v');
    const { dtype } = query;
    const y: readonly Dim[] =
      query.shape.length === 4
        ? [q.batch, q.heads, q.steps, v.width]
        : [q.batch, q.steps, multiplyDims(q.heads, v.width)];
    const past = inputs[4]?.shape[2];
    const total = past === undefined ? k.steps : addDims(past, k.steps);
    return [
      { dtype, shape: y },
      { dtype: key.dtype, shape: [k.batch, k.heads, total, k.width] },
      { dtype: value.dtype, shape: [v.batch, v.heads, total, v.width] },
      { dtype, shape: [q.batch, q.heads, q.steps, total] },
    ];
  },
};

export const RotaryEmbedding = unary('RotaryEmbedding', {
  since: 23,
  attributes: { interleaved: 'int', num_heads: 'int', rotary_embedding_dim: 'int' },
});

/** A cache with something new in it. */
export const TensorScatter = unary('TensorScatter', {
  since: 24,
  attributes: { axis: 'int', mode: 'string' },
});
