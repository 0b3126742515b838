import type { GradientRule } from './rule.js';
import * as convolution from './rules/convolution.js';
import * as elementwise from './rules/elementwise.js';
import * as product from './rules/matmul.js';
import * as movement from './rules/movement.js';
import * as normalization from './rules/normalization.js';
import * as pooling from './rules/pooling.js';
import * as reduction from './rules/reduction.js';
import { resize } from './rules/resize.js';
import * as unary from './rules/unary.js';

/** The vector-Jacobian products of every operator that has them. */
const RULES: Readonly<Record<string, GradientRule>> = {
  Abs: unary.abs,
  Add: elementwise.add,
  AveragePool: pooling.averagePool,
  BatchNormalization: normalization.batchNormalization,
  Cast: unary.cast,
  Clip: unary.clip,
  Concat: movement.concat,
  Conv: convolution.conv,
  ConvTranspose: convolution.convTranspose,
  DepthToSpace: movement.depthToSpace,
  Div: elementwise.quotient,
  Elu: unary.elu,
  Erf: unary.erf,
  Exp: unary.exp,
  Expand: movement.expand,
  Flatten: movement.reshape,
  Gather: movement.gather,
  Gemm: product.gemm,
  GlobalAveragePool: pooling.globalAveragePool,
  HardSigmoid: unary.hardSigmoid,
  HardSwish: unary.hardSwish,
  Identity: unary.identity,
  InstanceNormalization: normalization.instanceNormalization,
  LayerNormalization: normalization.layerNormalization,
  LeakyRelu: unary.leakyRelu,
  Log: unary.log,
  LogSoftmax: unary.logSoftmax,
  MatMul: product.matMul,
  Max: elementwise.maximum,
  MaxPool: pooling.maxPool,
  Min: elementwise.minimum,
  Mul: elementwise.product,
  Neg: unary.neg,
  PRelu: elementwise.parametricRelu,
  Pad: movement.pad,
  Pow: elementwise.power,
  Reciprocal: unary.reciprocal,
  ReduceMax: reduction.extremum,
  ReduceMean: reduction.mean,
  ReduceMin: reduction.extremum,
  ReduceSum: reduction.sum,
  Relu: unary.relu,
  Reshape: movement.reshape,
  Resize: resize,
  Sigmoid: unary.sigmoid,
  Slice: movement.slice,
  Softmax: unary.softmax,
  Softplus: unary.softplus,
  Sqrt: unary.sqrt,
  Squeeze: movement.reshape,
  Sub: elementwise.sub,
  Sum: elementwise.sum,
  Tanh: unary.tanh,
  Transpose: movement.transpose,
  Unsqueeze: movement.reshape,
  Where: elementwise.choice,
};

/** The names of all operators that have a gradient. */
export const DIFFERENTIABLE: readonly string[] = Object.keys(RULES);

export const ruleOf = (opType: string): GradientRule | undefined =>
  Object.hasOwn(RULES, opType) ? RULES[opType] : undefined;
