import { option } from '../../../graph/common/option.js';
import { scope, type Value } from '../../../graph/ir/value.js';
import { globalAveragePool, globalMaxPool } from '../../../graph/ops/pool.js';
import { reshape } from '../../../graph/ops/reshape.js';
import { sigmoid, softmax } from '../../../graph/ops/unary.js';
import { conv2d, linear, upsampleBilinear } from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';
import { Arguments } from '../arguments/arguments.js';
import { isFields } from '../arguments/extras.js';
import type { Decoder } from './decoders/decoder.js';

/** What follows classes, where it is what a model can end in. */
export type Activation = 'sigmoid' | 'softmax' | undefined;

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  identity: undefined,
  sigmoid: 'sigmoid',
  softmax2d: 'softmax',
  // torch.nn.Softmax without an axis takes that of the channels.
  softmax: 'softmax',
};

/** `activation`. @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for one that gives neither logits nor probabilities */
export function activationOf(args: Arguments): Activation {
  const value = args.value('activation') ?? 'identity';
  if (typeof value === 'string' && Object.hasOwn(ACTIVATIONS, value)) return ACTIVATIONS[value];
  throw args.fault(
    ['activation'],
    `null or one of ${Object.keys(ACTIVATIONS).join(', ')}; {"activation": null} in ${option('backboneArguments')} takes what goes into it`,
  );
}

/** SegmentationHead: a convolution, and what enlarges it with aligned corners. -> [N, classes, H, W], logits. */
export function segmentation(x: Value, weights: Weights, classes: number, decoder: Decoder): Value {
  const { headKernel = 3, upsampling = 1 } = decoder;
  const head = weights.scope('segmentation_head');
  const logits = conv2d(x, head.scope('0'), classes, headKernel);
  return upsampling > 1 ? upsampleBilinear(logits, head.scope('1'), upsampling, true) : logits;
}

/** `aux_params`: what is said of the whole image. */
export interface Classification {
  readonly classes: number;
  readonly pooling: 'avg' | 'max';
  readonly activation: Activation;
}

export function classificationOf(args: Arguments): Classification | undefined {
  const value = args.value('aux_params') ?? undefined;
  if (value === undefined) return undefined;
  if (!isFields(value)) throw args.fault(['aux_params'], 'null or an object');
  const own = new Arguments({ config: value });
  const read: Classification = {
    classes: own.whole('classes', 1),
    pooling: own.word('pooling', 'avg', ['avg', 'max']),
    activation: activationOf(own),
  };
  // It drops out in training alone.
  own.value('dropout');
  own.refuseOthers('aux_params');
  return read;
}

/** ClassificationHead on the deepest feature -> [N, classes]. */
export function classification(x: Value, weights: Weights, labels: Classification): Value {
  const { classes, pooling, activation } = labels;
  const head = weights.scope('classification_head');
  return scope(head.path, () => {
    const pooled = pooling === 'avg' ? globalAveragePool(x) : globalMaxPool(x);
    const logits = reshape(linear(pooled, head.scope('3'), classes), [0, classes]);
    if (activation === undefined) return logits;
    return activation === 'sigmoid' ? sigmoid(logits) : softmax(logits, 1);
  });
}
