/** Every operator whose types can be inferred, one line each. */
export { BatchNormalization } from './batch-normalization.js';
export { Cast } from './cast.js';
export { Concat } from './concat.js';
export { Constant, ConstantOfShape } from './constant.js';
export { Conv } from './conv.js';
export { ConvTranspose } from './conv-transpose.js';
export { DepthToSpace } from './depth-to-space.js';
export { Add, Div, Max, Mod, Mul, Pow, Sub } from './elementwise.js';
export { Expand, Tile } from './expand.js';
export { Gather } from './gather.js';
export { GlobalAveragePool } from './global-average-pool.js';
export { InstanceNormalization } from './instance-normalization.js';
export { LayerNormalization } from './layer-normalization.js';
export { Gemm, MatMul } from './matmul.js';
export { Pad } from './pad.js';
export { AveragePool, MaxPool } from './pool.js';
export { DequantizeLinear, QuantizeLinear } from './quantize-linear.js';
export { Range } from './range.js';
export { ReduceMax, ReduceMean, ReduceMin, ReduceSum } from './reduce.js';
export { Flatten, Reshape, Squeeze, Unsqueeze } from './reshape.js';
export { Resize } from './resize.js';
export { Shape } from './shape.js';
export { Slice } from './slice.js';
export { Split } from './split.js';
export { Transpose } from './transpose.js';
export {
  Clip,
  Elu,
  Erf,
  Exp,
  HardSigmoid,
  HardSwish,
  Identity,
  LeakyRelu,
  Neg,
  Relu,
  Sigmoid,
  Softmax,
  Sqrt,
  Tanh,
} from './unary.js';
