import { intOf, intsOf } from '../ir/attribute.js';
import { DTYPES, dtypeOfCode } from '../ir/dtype.js';
import { type OpDefinition, required } from '../ir/op.js';

/** The attributes of those that draw numbers. */
const TYPES = {
  dtype: 'int',
  high: 'float',
  low: 'float',
  mean: 'float',
  scale: 'float',
  seed: 'float',
} as const;

/** What has the shape of its input, and the element type that an attribute names, or that of its input. */
function like(opType: string, since: number, isRandom: boolean): OpDefinition {
  return {
    opType,
    since,
    isRandom,
    attributes: { ...TYPES, k: 'int' },
    infer(inputs, attributes) {
      const { dtype, shape } = required(inputs, 0, 'x');
      const stated = attributes.has('dtype') ? dtypeOfCode(intOf(attributes, 'dtype', 0)) : dtype;
      return stated === undefined ? [] : [{ dtype: stated, shape }];
    },
  };
}

export const Bernoulli = like('Bernoulli', 15, true);
export const EyeLike = like('EyeLike', 9, false);
export const RandomNormalLike = like('RandomNormalLike', 1, true);
export const RandomUniformLike = like('RandomUniformLike', 1, true);

/** The shape that an attribute states. */
function random(opType: string): OpDefinition {
  return {
    opType,
    isRandom: true,
    attributes: { ...TYPES, shape: 'ints' },
    infer(_, attributes) {
      const dtype = dtypeOfCode(intOf(attributes, 'dtype', DTYPES.float32.onnx));
      return dtype === undefined ? [] : [{ dtype, shape: intsOf(attributes, 'shape', []) }];
    },
  };
}

export const RandomNormal = random('RandomNormal');
export const RandomUniform = random('RandomUniform');

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
