import type { Node } from '../ir/model.js';
import type { OpDefinition } from '../ir/op.js';
import { BatchNormalization } from './batch-normalization.js';
import { Conv } from './conv.js';
import { ConvTranspose } from './conv-transpose.js';
import { Add, Div, Max, Mod, Mul, Pow, Sub } from './elementwise.js';
import { FOREIGN } from './foreign.js';
import { GlobalAveragePool } from './global-average-pool.js';
import { InstanceNormalization } from './instance-normalization.js';
import { LayerNormalization } from './layer-normalization.js';
import { LAYOUT } from './layout.js';
import { Gemm, MatMul } from './matmul.js';
import { AveragePool, MaxPool } from './max-pool.js';
import { DequantizeLinear, QuantizeLinear } from './quantize.js';
import { ReduceMax, ReduceMean, ReduceMin, ReduceSum } from './reduce.js';
import { RESHAPING } from './reshaping.js';
import { Resize } from './resize.js';
import { Concat, Pad, Shape } from './shapes.js';
import {
  Clip,
  Elu,
  Erf,
  Exp,
  HardSigmoid,
  HardSwish,
  LeakyRelu,
  Relu,
  Sigmoid,
  Softmax,
  Sqrt,
  Tanh,
} from './unary.js';

/** Every operator whose types can be inferred, by its ONNX name. */
const OPS: ReadonlyMap<string, OpDefinition> = new Map(
  [
    Conv,
    ConvTranspose,
    BatchNormalization,
    MaxPool,
    AveragePool,
    Resize,
    Add,
    Sub,
    Mul,
    Div,
    Max,
    Mod,
    Pow,
    ReduceMin,
    ReduceMax,
    ReduceMean,
    ReduceSum,
    Relu,
    Sigmoid,
    Tanh,
    Erf,
    Softmax,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Elu,
    Sqrt,
    Exp,
    Clip,
    GlobalAveragePool,
    InstanceNormalization,
    LayerNormalization,
    Shape,
    Concat,
    Pad,
    MatMul,
    Gemm,
    QuantizeLinear,
    DequantizeLinear,
    ...FOREIGN,
    ...LAYOUT,
    ...RESHAPING,
  ].map((definition) => [definition.opType, definition]),
);

/** The opset that introduced a node's operator; undefined for other domains and unknown ones. */
export function sinceOf({ domain, opType }: Node): number | undefined {
  return domain === '' ? OPS.get(opType)?.since : undefined;
}

/** What is known of a node's operator in an opset; undefined where it had another form then, and for unknown ones. */
export function definitionOf({ domain, opType }: Node, opset: number): OpDefinition | undefined {
  const definition = domain === '' ? OPS.get(opType) : undefined;
  return definition !== undefined && (definition.form ?? definition.since) <= opset ? definition : undefined;
}
