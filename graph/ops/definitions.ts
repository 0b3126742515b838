/** Every operator whose types can be inferred, one line each. */
export { ArgMax, ArgMin, TopK } from './arg-reduce.js';
export { Attention, RotaryEmbedding, TensorScatter } from './attention.js';
export { BatchNormalization } from './batch-normalization.js';
export { Cast, CastLike } from './cast.js';
export {
  And,
  BitShift,
  BitwiseAnd,
  BitwiseOr,
  BitwiseXor,
  Equal,
  Greater,
  GreaterOrEqual,
  IsInf,
  IsNaN,
  Less,
  LessOrEqual,
  Or,
  Where,
  Xor,
} from './comparison.js';
export { Concat } from './concat.js';
export { Constant, ConstantOfShape } from './constant.js';
export { Conv } from './conv.js';
export { ConvTranspose } from './conv-transpose.js';
export { DepthToSpace, SpaceToDepth } from './depth-to-space.js';
export { Dropout } from './dropout.js';
export { Einsum } from './einsum.js';
export { Add, Div, Max, Mean, Min, Mod, Mul, Pow, PRelu, Sub, Sum } from './elementwise.js';
export { Expand, Tile } from './expand.js';
export { Gather } from './gather.js';
export { GlobalAveragePool, GlobalLpPool, GlobalMaxPool } from './global-average-pool.js';
export { GridSample, RoiAlign } from './grid-sample.js';
export { InstanceNormalization } from './instance-normalization.js';
export {
  ConvInteger,
  DynamicQuantizeLinear,
  MatMulInteger,
  QLinearConv,
  QLinearMatMul,
} from './integer.js';
export { LayerNormalization } from './layer-normalization.js';
export {
  Bernoulli,
  EyeLike,
  RandomNormal,
  RandomNormalLike,
  RandomUniform,
  RandomUniformLike,
} from './like.js';
export { NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss } from './losses.js';
export { Gemm, MatMul } from './matmul.js';
export {
  BiasGelu,
  DynamicQuantizeMatMul,
  FastGelu,
  FusedConv,
  MatMulIntegerToFloat,
  QLinearAdd,
  QLinearConcat,
  QLinearGlobalAveragePool,
  QLinearLeakyRelu,
  QLinearMul,
  QLinearSigmoid,
  QLinearSoftmax,
  QuickGelu,
  SkipLayerNormalization,
} from './microsoft.js';
export { Pad } from './pad.js';
export { AveragePool, LpPool, MaxPool, MaxUnpool } from './pool.js';
export { DequantizeLinear, QuantizeLinear } from './quantize-linear.js';
export { Range } from './range.js';
export { GRU, LSTM, RNN } from './recurrent.js';
export {
  ReduceL1,
  ReduceL2,
  ReduceLogSum,
  ReduceLogSumExp,
  ReduceMax,
  ReduceMean,
  ReduceMin,
  ReduceProd,
  ReduceSum,
  ReduceSumSquare,
} from './reduce.js';
export { Flatten, Reshape, Squeeze, Unsqueeze } from './reshape.js';
export { Resize, Upsample } from './resize.js';
export {
  Abs,
  Acos,
  Acosh,
  Asin,
  Asinh,
  Atan,
  Atanh,
  BitwiseNot,
  Celu,
  Cos,
  Cosh,
  CumSum,
  Gelu,
  GroupNormalization,
  LpNormalization,
  LRN,
  MeanVarianceNormalization,
  Mish,
  Not,
  Reciprocal,
  ReverseSequence,
  RMSNormalization,
  Round,
  Selu,
  Shrink,
  Sign,
  Sin,
  Sinh,
  Softplus,
  Softsign,
  Swish,
  Tan,
  ThresholdedRelu,
  Trilu,
} from './same-type.js';
export {
  GatherElements,
  GatherND,
  OneHot,
  Scatter,
  ScatterElements,
  ScatterND,
} from './scatter.js';
export { AffineGrid, Compress, Det, NonMaxSuppression, NonZero, Unique } from './selection.js';
export { Shape, Size } from './shape.js';
export { BlackmanWindow, DFT, HammingWindow, HannWindow, STFT } from './signal.js';
export { Slice } from './slice.js';
export { Split } from './split.js';
export { Transpose } from './transpose.js';
export {
  Ceil,
  Clip,
  Elu,
  Erf,
  Exp,
  Floor,
  Hardmax,
  HardSigmoid,
  HardSwish,
  Identity,
  LeakyRelu,
  Log,
  LogSoftmax,
  Neg,
  Relu,
  Sigmoid,
  Softmax,
  Sqrt,
  Tanh,
} from './unary.js';
