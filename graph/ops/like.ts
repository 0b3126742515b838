import { intOf, intsOf } from '../ir/attribute.js';
import { DTYPES, dtypeOfCode } from '../ir/dtype.js';
import { type OpDefinition, required } from '../ir/op.js';

/** What has the shape of its input, and the element type that an attribute names, or that of its input. */
function like(opType: string, since: number, isRandom: boolean): OpDefinition {
  return {
    opType,
    since,
    isRandom,
    attributes: {
      dtype: 'int',
      high: 'float',
      k: 'int',
      low: 'float',
      mean: 'float',
      scale: 'float',
      seed: 'float',
    },
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
    attributes: {
      dtype: 'int',
      high: 'float',
      low: 'float',
      mean: 'float',
      scale: 'float',
      seed: 'float',
      shape: 'ints',
    },
    infer(_, attributes) {
      const dtype = dtypeOfCode(intOf(attributes, 'dtype', DTYPES.float32.onnx));
      return dtype === undefined ? [] : [{ dtype, shape: intsOf(attributes, 'shape', []) }];
    },
  };
}

export const RandomNormal = random('RandomNormal');
export const RandomUniform = random('RandomUniform');
