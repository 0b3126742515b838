import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import { addDims } from '../ir/dim.js';
import type { DType } from '../ir/dtype.js';
import { type OpDefinition, type Operands, required } from '../ir/op.js';
import { Conv } from './conv.js';
import { broadcast } from './elementwise.js';
import { MatMul } from './matmul.js';
import { axisOf } from './operands.js';
import { unary } from './unary.js';

/**
 * Operators of onnxruntime's own domain that its quantisation and its optimisation write, whose names ONNX does not have.
 * Source: onnxruntime, docs/ContribOperators.md.
 */

const DOMAIN = 'com.microsoft';

/** Of the element type of one input, as broadcast from two. */
function ofTwo(opType: string, second: number): OpDefinition {
  return {
    opType,
    domain: DOMAIN,
    infer(inputs) {
      const [a, b] = [required(inputs, 0, 'a'), required(inputs, second, 'b')];
      return [{ dtype: a.dtype, shape: broadcast(a.shape, b.shape) }];
    },
  };
}

/** x, its scale and zero point, b, its scale and zero point, and those of what it gives. */
export const QLinearAdd = ofTwo('QLinearAdd', 3);
export const QLinearMul = ofTwo('QLinearMul', 3);
export const BiasGelu = ofTwo('BiasGelu', 1);

const kept = (opType: string): OpDefinition => unary(opType, { domain: DOMAIN });

export const QLinearLeakyRelu = kept('QLinearLeakyRelu');
export const QLinearSigmoid = kept('QLinearSigmoid');
export const QLinearSoftmax = kept('QLinearSoftmax');
export const FastGelu = kept('FastGelu');
export const QuickGelu = kept('QuickGelu');
export const SkipLayerNormalization = kept('SkipLayerNormalization');

export const QLinearGlobalAveragePool = unary('QLinearGlobalAveragePool', {
  domain: DOMAIN,
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const isLast = intOf(attributes, 'channels_last', 0) === 1;
    const [n, channels] = [at(shape, 0), isLast ? at(shape, shape.length - 1) : at(shape, 1)];
    const ones = shape.slice(2).map(() => 1);
    return [{ dtype, shape: isLast ? [n, ...ones, channels] : [n, channels, ...ones] }];
  },
});

/** The scale and zero point of what it gives, then each part with its own. */
export const QLinearConcat: OpDefinition = {
  opType: 'QLinearConcat',
  domain: DOMAIN,
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const parts = inputs.slice(2).filter((_, index) => index % 3 === 0);
    const first = required(parts, 0, 'part');
    const axis = axisOf(intOf(attributes, 'axis', 0), first.shape.length);
    const sizes = parts.map((_, index) => at(required(parts, index, 'part').shape, axis));
    return [{ dtype: first.dtype, shape: first.shape.with(axis, sizes.reduce(addDims)) }];
  },
};

function fused(opType: string, plain: OpDefinition, dtypeOf?: (inputs: Operands) => DType): OpDefinition {
  return {
    ...plain,
    opType,
    domain: DOMAIN,
    attributes: {},
    infer: (inputs, ...node) =>
      plain.infer(inputs, ...node).map((type) => ({ ...type, dtype: dtypeOf?.(inputs) ?? type.dtype })),
  };
}

export const FusedConv = fused('FusedConv', Conv);
export const MatMulIntegerToFloat = fused(
  'MatMulIntegerToFloat',
  MatMul,
  (inputs) => required(inputs, 2, 'scale').dtype,
);
export const DynamicQuantizeMatMul = fused('DynamicQuantizeMatMul', MatMul);
