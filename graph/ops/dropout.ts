import { type OpDefinition, required } from '../ir/op.js';

/** With its mask, which until opset 9 is of x's type. */
export const Dropout: OpDefinition = {
  opType: 'Dropout',
  sinceSignature: 10,
  isRandom: true,
  attributes: { ratio: 'float', seed: 'int' },
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    return [
      { dtype, shape },
      { dtype: 'bool', shape },
    ];
  },
};
