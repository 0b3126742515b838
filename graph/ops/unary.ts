import { type Attributes, float, int, intOf } from '../ir/attribute.js';
import { type Dim, exactly, subtractDims } from '../ir/dim.js';
import { apply, type OpDefinition, type Operands, required } from '../ir/op.js';
import { contentOf, type Value } from '../ir/value.js';
import { add, div, mul, operand } from './elementwise.js';
import { axisOf, checkPerChannel } from './operands.js';

/** An operator whose output has the type of its first input. @param check throws for what does not fit that */
export function unary(
  opType: string,
  more: Partial<OpDefinition> = {},
  check: (inputs: Operands, attributes: Attributes) => void = () => {},
): OpDefinition {
  return {
    opType,
    infer(inputs, attributes) {
      const { dtype, shape } = required(inputs, 0, 'x');
      check(inputs, attributes);
      return [{ dtype, shape }];
    },
    ...more,
  };
}

export const Relu = unary('Relu');
export const Sigmoid = unary('Sigmoid');
export const Tanh = unary('Tanh');
export const Erf = unary('Erf', { since: 9 });
export const Sqrt = unary('Sqrt', { sinceSignature: 6 });
export const Exp = unary('Exp', { sinceSignature: 6 });
export const Log = unary('Log');
export const LeakyRelu = unary('LeakyRelu', { sinceSignature: 6, attributes: { alpha: 'float' } });
export const Elu = unary('Elu', { sinceSignature: 6, attributes: { alpha: 'float' } });
export const HardSwish = unary('HardSwish', { since: 14 });
export const HardSigmoid = unary('HardSigmoid', {
  sinceSignature: 6,
  attributes: { alpha: 'float', beta: 'float' },
});

/** Its limits are attributes until opset 10, and inputs from then on. */
export const Clip = unary('Clip', { attributes: { max: 'float', min: 'float' } });

/** Until opset 12 what follows the axis is taken as one, which leaves the type what it is. */
const alongAxis = (opType: string) =>
  unary(opType, { attributes: { axis: 'int' } }, (inputs, attributes) =>
    axisOf(intOf(attributes, 'axis', -1), required(inputs, 0, 'x').shape.length),
  );

export const Softmax = alongAxis('Softmax');
export const LogSoftmax = alongAxis('LogSoftmax');
export const Hardmax = alongAxis('Hardmax');

export const Identity = unary('Identity', { infer: (inputs) => [required(inputs, 0, 'x')] });

/** The same, whose known elements are followed. */
const following = (opType: string, onElement: (dim: Dim) => Dim) =>
  unary(opType, {
    infer(inputs) {
      const x = required(inputs, 0, 'x');
      const content = exactly(() => contentOf(x)?.map(onElement));
      return [{ dtype: x.dtype, shape: x.shape, ...(content && { content }) }];
    },
  });

export const Neg = following('Neg', (dim) => (typeof dim === 'number' ? -dim : subtractDims(0, dim)));
// What is not known is a whole number.
export const Floor = following('Floor', (dim) => (typeof dim === 'number' ? Math.floor(dim) : dim));
export const Ceil = following('Ceil', (dim) => (typeof dim === 'number' ? Math.ceil(dim) : dim));

// Those that other exporters write.
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
export const GroupNormalization = unary(
  'GroupNormalization',
  {
    since: 18,
    sinceSignature: 21,
    parameters: [1, 2],
    attributes: { epsilon: 'float', num_groups: 'int', stash_type: 'int' },
  },
  (inputs) => checkPerChannel(inputs, ['scale', 'bias']),
);

export const CumSum = unary('CumSum', { since: 11, attributes: { exclusive: 'int', reverse: 'int' } });

export const identity = (x: Value): Value => apply(Identity, [x]);
export const relu = (x: Value): Value => apply(Relu, [x]);
export const sigmoid = (x: Value): Value => apply(Sigmoid, [x]);
export const tanh = (x: Value): Value => apply(Tanh, [x]);
export const sqrt = (x: Value): Value => apply(Sqrt, [x]);
export const exp = (x: Value): Value => apply(Exp, [x]);
export const log = (x: Value): Value => apply(Log, [x]);
export const neg = (x: Value): Value => apply(Neg, [x]);
export const abs = (x: Value): Value => apply(Abs, [x]);
export const erf = (x: Value): Value => apply(Erf, [x]);
/** ONNX Clip to [low, high]. */
export const clip = (x: Value, low: number, high: number): Value =>
  apply(Clip, [x, operand(low), operand(high)]);

/** x where it is positive, elsewhere slope x. */
export const leakyRelu = (x: Value, slope: number): Value => apply(LeakyRelu, [x], { alpha: float(slope) });

/** x where it is positive, elsewhere alpha (exp x - 1). */
export const elu = (x: Value, alpha: number): Value => apply(Elu, [x], { alpha: float(alpha) });

/** PyTorch's hardsigmoid, min(max(x / 6 + 1/2, 0), 1). */
export const hardSigmoid = (x: Value): Value =>
  apply(HardSigmoid, [x], { alpha: float(1 / 6), beta: float(0.5) });

/** PyTorch's hardswish, x hardsigmoid(x). (The operator of that name needs opset 14 and is this inside of runtimes.) */
export const hardSwish = (x: Value): Value => mul(x, hardSigmoid(x));

/** SiLU, x sigmoid(x). */
export const silu = (x: Value): Value => mul(x, sigmoid(x));

/** ONNX Softmax, and its logarithm, along one axis. */
export const softmax = (x: Value, axis: number): Value => apply(Softmax, [x], { axis: int(axis) });
export const logSoftmax = (x: Value, axis: number): Value => apply(LogSoftmax, [x], { axis: int(axis) });

/**
 * GELU in its exact form, x (1 + erf(x / sqrt 2)) / 2, written in the order that onnxruntime fuses into one kernel
 * (the Gelu operator itself needs opset 20).
 */
export const gelu = (x: Value): Value => mul(mul(x, add(erf(div(x, Math.SQRT2)), 1)), 0.5);
