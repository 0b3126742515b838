import type { Node } from '../../ir/model.js';
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
  running,
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
const softmax: Follow = (site) => (site.opset < 13 ? fromSecond : alongLast)(site);

const whole: Follow = (site) => lost(site, 'whole');

const alongLast = along(-1, false);
const fromSecond = along(1, true);
const fromLast = along(-1, true);
/** Apart from the others: it gives as many of one axis as an input says. */
const topK = along(-1, false);

/** Operators whose output has the shape of their first operand. */
const KEEPING: ReadonlySet<Follow> = new Set([
  softmax,
  normalization,
  alongLast,
  fromLast,
  channelwise,
  batchNormalization,
  meanVariance,
]);

const FOLLOWED: ReadonlyMap<string, Follow> = new Map([
  ...all('Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast CastLike Ceil Celu Clip Cos', elementwise),
  ...all('Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log', elementwise),
  ...all('Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus', elementwise),
  ...all('Softsign Sqrt Swish Tan Tanh ThresholdedRelu', elementwise),
  ...all('Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual', elementwise),
  ...all('Less LessOrEqual Max Mean Min Mod Mul Or Pow PRelu Sub Sum Where Xor', elementwise),
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
  ...all('GroupNormalization InstanceNormalization', normalization),
  ['MeanVarianceNormalization', meanVariance],
  ['Transpose', transposition],
  ...all('Flatten Reshape Squeeze Unsqueeze', reshaping),
  ['Concat', concatenation],
  ['Split', splitting],
  ['Expand', expansion],
  ['Gather', gathering],
  ['Slice', slicing],
  ['CumSum', running],
  ['TopK', topK],
  ...all('DynamicQuantizeLinear NonZero', whole),
]);

/** Whether a node's operator is one of ONNX's own. */
export const isStandard = ({ domain }: Node): boolean => domain === '' || domain === 'ai.onnx';

const knownOf = (node: Node): Follow | undefined =>
  isStandard(node) ? FOLLOWED.get(node.opType) : undefined;

/** What is known of a node's operator; of one that is not known, nothing is known of its outputs. */
export function followOf(node: Node): Follow {
  return knownOf(node) ?? ((site) => ({ ...lost(site), isFormed: true }));
}

/** Operators that take sizes to change a shape by; others compute with them. */
const BY_SIZE: ReadonlySet<Follow> = new Set([
  expansion,
  gathering,
  padding,
  reduction,
  reshaping,
  resizing,
  slicing,
  splitting,
]);

const isAmong = (node: Node, operators: ReadonlySet<Follow>): boolean => {
  const known = knownOf(node);
  return known !== undefined && operators.has(known);
};

/** Whether an operator gives one value all over where its operands have one all over. */
export const keepsUniform = (node: Node): boolean => isAmong(node, UNIFORM);

/** Whether an operator computes with sizes, where it is given some: what it gives is then another for each. */
export const computesWithSizes = (node: Node): boolean =>
  knownOf(node) !== undefined && !isAmong(node, BY_SIZE);

const UNIFORM: ReadonlySet<Follow> = new Set([elementwise, expansion, reshaping, slicing, transposition]);

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
export function isWeightless(node: Node): boolean {
  const isKnown = knownOf(node) !== undefined;
  return isKnown && !isAmong(node, WEIGHTED) && !/^(QLinear|Reduce)/.test(node.opType);
}

/** Of which operands an operator's output has the shape, broadcast; undefined where it has one of its own. */
export function keptFrom(node: Node): 'all' | 'first' | undefined {
  if (knownOf(node) === elementwise) return 'all';
  return isAmong(node, KEEPING) ? 'first' : undefined;
}
