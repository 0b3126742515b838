import { apply, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { checkPerChannel } from './operands.js';
import { unary } from './unary.js';

/** Operators that other exporters write and whose output has the type of their first input. */

export const Abs = unary('Abs');
export const Acos = unary('Acos', { since: 7 });
export const Acosh = unary('Acosh', { since: 9 });
export const Asin = unary('Asin', { since: 7 });
export const Asinh = unary('Asinh', { since: 9 });
export const Atan = unary('Atan', { since: 7 });
export const Atanh = unary('Atanh', { since: 9 });
export const BitwiseNot = unary('BitwiseNot', { since: 18 });
export const Celu = unary('Celu', { since: 12, attributes: { alpha: 'float' } });
export const Cos = unary('Cos', { since: 7 });
export const Cosh = unary('Cosh', { since: 9 });
export const Gelu = unary('Gelu', { since: 20, attributes: { approximate: 'string' } });
export const Mish = unary('Mish', { since: 18 });
export const Not = unary('Not');
export const Reciprocal = unary('Reciprocal');
export const Round = unary('Round', { since: 11 });
export const Selu = unary('Selu', { attributes: { alpha: 'float', gamma: 'float' } });
export const Shrink = unary('Shrink', { since: 9, attributes: { bias: 'float', lambd: 'float' } });
export const Sign = unary('Sign', { since: 9 });
export const Sin = unary('Sin', { since: 7 });
export const Sinh = unary('Sinh', { since: 9 });
export const Softplus = unary('Softplus');
export const Softsign = unary('Softsign');
export const Swish = unary('Swish', { since: 24, attributes: { alpha: 'float' } });
export const Tan = unary('Tan', { since: 7 });
export const ThresholdedRelu = unary('ThresholdedRelu', { since: 10, attributes: { alpha: 'float' } });
export const Trilu = unary('Trilu', { since: 14, attributes: { upper: 'int' } });
export const ReverseSequence = unary('ReverseSequence', {
  since: 10,
  attributes: { batch_axis: 'int', time_axis: 'int' },
});

export const LRN = unary('LRN', {
  attributes: { alpha: 'float', beta: 'float', bias: 'float', size: 'int' },
});
export const LpNormalization = unary('LpNormalization', { attributes: { axis: 'int', p: 'int' } });
export const MeanVarianceNormalization = unary('MeanVarianceNormalization', {
  since: 9,
  attributes: { axes: 'ints' },
});
export const RMSNormalization = unary('RMSNormalization', {
  since: 23,
  parameters: [1],
  attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
});

/** Until opset 20 it has one scale and bias a group. */
export const GroupNormalization = unary('GroupNormalization', {
  since: 18,
  sinceSignature: 21,
  parameters: [1, 2],
  attributes: { epsilon: 'float', num_groups: 'int', stash_type: 'int' },
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    checkPerChannel(inputs, ['scale', 'bias']);
    return [{ dtype, shape }];
  },
});

export const CumSum = unary('CumSum', { since: 11, attributes: { exclusive: 'int', reverse: 'int' } });

export const abs = (x: Value): Value => apply(Abs, [x]);
