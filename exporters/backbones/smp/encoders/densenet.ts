import type { Value } from '../../../../graph/ir/value.js';
import { concat } from '../../../../graph/ops/concat.js';
import {
  averagePool2d,
  batchNorm2d,
  channelsOf,
  conv2d,
  maxPool2d,
  module,
  relu,
} from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { type Extent, encodersOf } from './encoder.js';

interface DenseNet {
  /** Channels behind the first convolution, and those that each layer adds. */
  readonly stem: number;
  readonly growth: number;
  /** Layers of each block. */
  readonly blocks: readonly number[];
}

/** Huang et al., CVPR 2017, table 1. */
const DENSENETS_BY_NAME: Readonly<Record<string, DenseNet>> = {
  densenet121: { stem: 64, growth: 32, blocks: [6, 12, 24, 16] },
  densenet161: { stem: 96, growth: 48, blocks: [6, 12, 36, 24] },
  densenet169: { stem: 64, growth: 32, blocks: [6, 12, 32, 32] },
  densenet201: { stem: 64, growth: 32, blocks: [6, 12, 48, 32] },
};

/** Channels of a layer's 1x1 convolution, in those that it adds. */
const BOTTLENECK = 4;

const active = (x: Value, weights: Weights, norm: string, activation: string) =>
  relu(batchNorm2d(x, weights.scope(norm)), weights.scope(activation));

/** What a layer adds to all that is there. */
function layer(x: Value, weights: Weights, growth: number): Value {
  const first = active(x, weights, 'norm1', 'relu1');
  const narrow = conv2d(first, weights.scope('conv1'), BOTTLENECK * growth, 1, { bias: false });
  const second = active(narrow, weights, 'norm2', 'relu2');
  return conv2d(second, weights.scope('conv2'), growth, 3, { bias: false });
}

/** Every layer takes what all before it gave. */
function block(x: Value, weights: Weights, count: number, growth: number): Value {
  let features: readonly Value[] = [x];
  const joined = () => (features.length === 1 ? x : concat(features, 1));
  for (let index = 1; index <= count; index++) {
    const added = module(weights, `denselayer${index}`, (inner) => layer(joined(), inner, growth));
    features = [...features, added];
  }
  return joined();
}

/** After the first ReLU, after the ReLU of each transition, and behind the last norm. */
function features(shape: DenseNet, input: Value, weights: Weights, { depth }: Extent): readonly Value[] {
  const { stem, growth, blocks } = shape;
  const inner = weights.scope('features');
  const first = conv2d(input, inner.scope('conv0'), stem, 7, { stride: 2, bias: false });
  let x = active(first, inner, 'norm0', 'relu0');
  const found = [x];
  if (depth === 1) return found;
  x = maxPool2d(x, inner.scope('pool0'), 3, 2, 1);
  for (const [index, count] of blocks.slice(0, depth - 1).entries()) {
    x = block(x, inner.scope(`denseblock${index + 1}`), count, growth);
    if (index === blocks.length - 1) return [...found, batchNorm2d(x, inner.scope('norm5'))];
    const transition = inner.scope(`transition${index + 1}`);
    x = active(x, transition, 'norm', 'relu');
    found.push(x);
    if (found.length === depth) return found;
    x = conv2d(x, transition.scope('conv'), Math.floor(channelsOf(x) / 2), 1, { bias: false });
    x = averagePool2d(x, transition.scope('pool'), 2);
  }
  return found;
}

/** torchvision's DenseNet. */
export const DENSENETS = encodersOf(
  DENSENETS_BY_NAME,
  { stem: 'features.conv0.weight', first: 1, undilated: 'it halves by pooling' },
  features,
);
