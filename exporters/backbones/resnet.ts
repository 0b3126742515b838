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
import { type Extent, stepOf, WHOLE } from './smp/encoders/encoder.js';
import { torchvisionEncoder } from './torchvision.js';

/** How a block's convolutions step. */
interface Step {
  readonly stride: number;
  readonly dilation: number;
  /** Of the first convolution that strides or dilates. */
  readonly first: number;
}

/** A residual branch: two 3x3 convolutions (He et al., CVPR 2016), or 1x1, 3x3, 1x1 to four times the channels. */
type Branch = (x: Value, weights: Weights, planes: number, step: Step, groups: Groups) => Value;

/** Of the bottleneck's 3x3 convolution (Xie et al., CVPR 2017). */
interface Groups {
  readonly groups: number;
  /** Channels of a group where there are 64 planes. */
  readonly width: number;
}

const UNGROUPED: Groups = { groups: 1, width: 64 };

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

const basic: Branch = (x, weights, planes, { stride, dilation, first: own }) => {
  const first = relu(convNorm(x, weights, 1, planes, 3, { stride, dilation: own }), weights.scope('relu'));
  return convNorm(first, weights, 2, planes, 3, { dilation });
};

const bottleneck: Branch = (x, weights, planes, { stride, first: dilation }, { groups, width }) => {
  const between = Math.floor((planes * width) / 64) * groups;
  const first = relu(convNorm(x, weights, 1, between, 1), weights.scope('relu'));
  const second = relu(
    convNorm(first, weights, 2, between, 3, { stride, dilation, groups }),
    weights.scope('relu'),
  );
  return convNorm(second, weights, 3, 4 * planes, 1);
};

/** relu(branch(x) + x), with a 1x1 convolution `downsample` on x where the branch changes its shape. */
function residual(x: Value, weights: Weights, y: Value, stride: number): Value {
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
  residual(x, weights, basic(x, weights, planes, { stride, dilation: 1, first: 1 }, UNGROUPED), stride);

/** What tells one ResNet from another. */
export interface ResNet extends Partial<Groups> {
  readonly bottleneck: boolean;
  /** Of each of the four layers. */
  readonly blocks: readonly number[];
  /** Whether the first convolution of a stage has the dilation of the stage before, as in timm. */
  readonly dilatesLate?: boolean;
}

/** torchvision's ResNets, and the ResNeXts that are among them; the key of each is its name in smp. */
export const RESNETS_BY_NAME = {
  resnet18: { bottleneck: false, blocks: [2, 2, 2, 2] },
  resnet34: { bottleneck: false, blocks: [3, 4, 6, 3] },
  resnet50: { bottleneck: true, blocks: [3, 4, 6, 3] },
  resnet101: { bottleneck: true, blocks: [3, 4, 23, 3] },
  resnet152: { bottleneck: true, blocks: [3, 8, 36, 3] },
  resnext50_32x4d: { bottleneck: true, blocks: [3, 4, 6, 3], groups: 32, width: 4 },
  resnext101_32x4d: { bottleneck: true, blocks: [3, 4, 23, 3], groups: 32, width: 4 },
  resnext101_32x8d: { bottleneck: true, blocks: [3, 4, 23, 3], groups: 32, width: 8 },
  resnext101_32x16d: { bottleneck: true, blocks: [3, 4, 23, 3], groups: 32, width: 16 },
  resnext101_32x32d: { bottleneck: true, blocks: [3, 4, 23, 3], groups: 32, width: 32 },
  resnext101_32x48d: { bottleneck: true, blocks: [3, 4, 23, 3], groups: 32, width: 48 },
} as const satisfies Record<string, ResNet>;

/** After the first ReLU, then after `layer1` (behind the pooling) to `layer4`; strides 2 to 32. */
export function resNetFeatures(
  { bottleneck: isBottleneck, blocks, groups = 1, width = 64, dilatesLate }: ResNet,
  input: Value,
  weights: Weights,
  extent: Extent = WHOLE,
): readonly Value[] {
  const branch = isBottleneck ? bottleneck : basic;
  const stem = relu(convNorm(input, weights, 1, 64, 7, { stride: 2 }), weights.scope('relu'));
  const features = [stem];
  if (extent.depth < 2) return features;
  let x = maxPool2d(stem, weights.scope('maxpool'), 3, 2, 1);
  for (const [level, count] of blocks.slice(0, extent.depth - 1).entries()) {
    const { stride, dilation } = stepOf(4 * 2 ** level, extent, level > 0 ? 2 : 1);
    for (let block = 0; block < count; block++) {
      const isLate = dilatesLate && block === 0 && dilation > 1;
      const first = isLate ? dilation / 2 : dilation;
      const step = { stride: block === 0 ? stride : 1, dilation, first };
      x = module(weights, `layer${level + 1}.${block}`, (inner) => {
        const y = branch(x, inner, 64 * 2 ** level, step, { groups, width });
        return residual(x, inner, y, step.stride);
      });
    }
    features.push(x);
  }
  return features;
}

const resnet = (id: 'resnet18' | 'resnet34' | 'resnet50') =>
  torchvisionEncoder({
    id,
    stem: 'conv1.weight',
    classifier: 'fc',
    features: (input, weights) => resNetFeatures(RESNETS_BY_NAME[id], input, weights),
  });

export const RESNETS = [resnet('resnet18'), resnet('resnet34'), resnet('resnet50')];
