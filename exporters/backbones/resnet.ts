import type { Value } from '../../graph/ir/value.js';
import {
  add,
  batchNorm2d,
  type Conv2dOptions,
  channelsOf,
  conv2d,
  maxPool2d,
  module,
  relu,
} from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';
import { torchvisionEncoder } from './torchvision.js';

/** The residual branch: two 3x3 convolutions (He et al., CVPR 2016), or 1x1, 3x3, 1x1 to four times the channels. */
type Branch = (x: Value, weights: Weights, planes: number, stride: number) => Value;

function convNorm(
  x: Value,
  weights: Weights,
  at: number,
  out: number,
  kernel: number,
  options?: Conv2dOptions,
) {
  const convolved = conv2d(x, weights.scope(`conv${at}`), out, kernel, { ...options, bias: false });
  return batchNorm2d(convolved, weights.scope(`bn${at}`));
}

const basic: Branch = (x, weights, planes, stride) => {
  const first = relu(convNorm(x, weights, 1, planes, 3, { stride }), weights.scope('relu'));
  return convNorm(first, weights, 2, planes, 3);
};

const bottleneck: Branch = (x, weights, planes, stride) => {
  const first = relu(convNorm(x, weights, 1, planes, 1), weights.scope('relu'));
  const second = relu(convNorm(first, weights, 2, planes, 3, { stride }), weights.scope('relu'));
  return convNorm(second, weights, 3, 4 * planes, 1);
};

/** relu(branch(x) + x), with a 1x1 convolution `downsample` on x where the branch changes its shape. */
function residual(x: Value, weights: Weights, branch: Branch, planes: number, stride: number): Value {
  const y = branch(x, weights, planes, stride);
  const same = stride === 1 && channelsOf(x) === channelsOf(y);
  const shortcut = same
    ? x
    : module(weights, 'downsample', (down) =>
        batchNorm2d(conv2d(x, down.scope('0'), channelsOf(y), 1, { stride, bias: false }), down.scope('1')),
      );
  return relu(add(y, shortcut), weights.scope('relu'));
}

/** torchvision's BasicBlock. */
export const basicBlock = (x: Value, weights: Weights, planes: number, stride: number): Value =>
  residual(x, weights, basic, planes, stride);

/** torchvision's ResNet: after the first ReLU, then after `layer1` (behind the pooling) to `layer4`; strides 2 to 32. */
const resnet = (id: string, branch: Branch, blocks: readonly number[]) =>
  torchvisionEncoder({
    id,
    stem: 'conv1.weight',
    classifier: 'fc',
    features(input, weights) {
      const stem = relu(convNorm(input, weights, 1, 64, 7, { stride: 2 }), weights.scope('relu'));
      const features = [stem];
      let x = maxPool2d(stem, weights.scope('maxpool'), 3, 2, 1);
      for (const [level, count] of blocks.entries()) {
        for (let block = 0; block < count; block++) {
          const stride = level > 0 && block === 0 ? 2 : 1;
          x = module(weights, `layer${level + 1}.${block}`, (inner) =>
            residual(x, inner, branch, 64 * 2 ** level, stride),
          );
        }
        features.push(x);
      }
      return features;
    },
  });

export const RESNETS = [
  resnet('resnet18', basic, [2, 2, 2, 2]),
  resnet('resnet34', basic, [3, 4, 6, 3]),
  resnet('resnet50', bottleneck, [3, 4, 6, 3]),
];
