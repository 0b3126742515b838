import type { DType } from '../ir/dtype.js';
import { type OpDefinition, type Operands, required } from '../ir/op.js';
import { Conv } from './conv.js';
import { MatMul } from './matmul.js';

/** Convolutions and products of integers, as quantised models of others have them. @param places of x, weight and bias among the inputs */
function onIntegers(
  opType: string,
  like: OpDefinition,
  places: readonly number[],
  dtypeOf: (inputs: Operands) => DType,
): OpDefinition {
  const operands = (inputs: Operands) => places.map((place) => inputs[place]);
  return {
    opType,
    since: 10,
    parameters: places.slice(1),
    ...(like.attributes && { attributes: like.attributes }),
    infer(inputs, ...node) {
      const dtype = dtypeOf(inputs);
      return like.infer(operands(inputs), ...node).map(({ shape }) => ({ dtype, shape }));
    },
    macs: (inputs, ...node) => like.macs?.(operands(inputs), ...node),
  };
}

const zeroPointAt = (place: number) => (inputs: Operands) => required(inputs, place, 'zero point').dtype;

export const ConvInteger = onIntegers('ConvInteger', Conv, [0, 1], () => 'int32');
export const MatMulInteger = onIntegers('MatMulInteger', MatMul, [0, 1], () => 'int32');
export const QLinearConv = onIntegers('QLinearConv', Conv, [0, 3, 8], zeroPointAt(7));
export const QLinearMatMul = onIntegers('QLinearMatMul', MatMul, [0, 3], zeroPointAt(7));

/** Gives scale and zero point too. */
export const DynamicQuantizeLinear: OpDefinition = {
  opType: 'DynamicQuantizeLinear',
  since: 11,
  infer: (inputs) => [
    { dtype: 'uint8', shape: required(inputs, 0, 'x').shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
};
