import type { Node } from '../model.js';
import {
  along,
  batchNormalization,
  channelwise,
  concatenation,
  expansion,
  gathering,
  meanVariance,
  normalization,
  product,
  reduction,
  reshaping,
  slicing,
  splitting,
  transposition,
} from './layouts.js';
import { elementwise, lost, type Site } from './site.js';
import type { ImageTrace } from './trace.js';
import {
  convolution,
  globalPooling,
  padding,
  pooling,
  resizing,
  shuffling,
  transposedConvolution,
} from './windows.js';

/** How an operator's outputs follow from the image, where one of its operands does. */
export type Follow = (site: Site) => ImageTrace;

const all = (names: string, follow: Follow): [string, Follow][] =>
  names.split(' ').map((name) => [name, follow]);

/** Softmax before opset 13 takes the axis and all behind it as one. */
const softmax: Follow = (site) => along(site, site.opset < 13 ? 1 : -1, site.opset < 13);

const whole: Follow = (site) => lost(site, 'whole');

const normalized: Follow = (site) => normalization(site, 2);
const alongLast: Follow = (site) => along(site, -1, false);
const fromLast: Follow = (site) => along(site, -1, true);
const KEEPING: ReadonlySet<Follow> = new Set([
  softmax,
  normalized,
  alongLast,
  fromLast,
  channelwise,
  batchNormalization,
  meanVariance,
]);

const FOLLOWED: ReadonlyMap<string, Follow> = new Map([
  ...all(
    'Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast CastLike Ceil Celu Clip Cos Cosh',
    elementwise,
  ),
  ...all('Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish', elementwise),
  ...all('Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign', elementwise),
  ...all('Sqrt Swish Tan Tanh ThresholdedRelu', elementwise),
  ...all(
    'Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less',
    elementwise,
  ),
  ...all('LessOrEqual Max Mean Min Mod Mul Or Pow PRelu Sub Sum Where Xor', elementwise),
  ...all('Affine ImageScaler ParametricSoftplus ScaledTanh Scale', elementwise),
  ...all('DequantizeLinear Dropout LRN QuantizeLinear', channelwise),
  ['BatchNormalization', batchNormalization],
  ['Conv', convolution],
  ['ConvInteger', convolution],
  ['QLinearConv', (site) => convolution(site, 3)],
  ['ConvTranspose', transposedConvolution],
  ...all('AveragePool LpPool MaxPool', pooling),
  ...all('GlobalAveragePool GlobalLpPool GlobalMaxPool', globalPooling),
  ['DepthToSpace', (site) => shuffling(site, true)],
  ['SpaceToDepth', (site) => shuffling(site, false)],
  ['Pad', padding],
  ...all('Resize Upsample', resizing),
  ...all('MatMul MatMulInteger Gemm', product),
  ['QLinearMatMul', (site) => product(site, [0, 3])],
  ...all('ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin', reduction),
  ...all('ReduceProd ReduceSum ReduceSumSquare ArgMax ArgMin', reduction),
  ...all('Hardmax LogSoftmax Softmax', softmax),
  ['LpNormalization', alongLast],
  ...all('LayerNormalization RMSNormalization', fromLast),
  ...all('GroupNormalization InstanceNormalization', normalized),
  ['MeanVarianceNormalization', meanVariance],
  ['Transpose', transposition],
  ...all('Flatten Reshape Squeeze Unsqueeze', reshaping),
  ['Concat', concatenation],
  ['Split', splitting],
  ['Expand', expansion],
  ['Gather', gathering],
  ['Slice', slicing],
  ...all('DynamicQuantizeLinear NonZero TopK Unique Compress CumSum GridSample RoiAlign', whole),
  ...all('MaxRoiPool MaxUnpool NonMaxSuppression DFT STFT RNN LSTM GRU Attention', whole),
]);

/** What is known of a node's operator; of one that is not known, nothing is known of its outputs. */
export function followOf({ opType, domain }: Node): Follow {
  const known = domain === '' || domain === 'ai.onnx' ? FOLLOWED.get(opType) : undefined;
  return known ?? ((site) => ({ ...lost(site), isFormed: true }));
}

/** Operators with weights of their own, and those that put one element in the place of many. */
const WEIGHTED: ReadonlySet<Follow> = new Set([
  pooling,
  globalPooling,
  convolution,
  transposedConvolution,
  product,
  whole,
]);

/** Whether an operator only shows what it is given in another way: as probabilities, at another size, in another layout. */
export function isWeightless({ opType, domain }: Node): boolean {
  const known = domain === '' || domain === 'ai.onnx' ? FOLLOWED.get(opType) : undefined;
  return known !== undefined && !WEIGHTED.has(known) && !/^(QLinear|Reduce)/.test(opType);
}

/** Of which operands an operator's output has the shape, broadcast; undefined where it has one of its own. */
export function keptFrom({ opType, domain }: Node): 'all' | 'first' | undefined {
  const known = domain === '' || domain === 'ai.onnx' ? FOLLOWED.get(opType) : undefined;
  if (known === elementwise) return 'all';
  return known !== undefined && KEEPING.has(known) ? 'first' : undefined;
}
