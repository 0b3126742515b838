import { at } from '../../graph/common/at.js';
import type { Value } from '../../graph/ir/value.js';
import { batchNorm2d, channelsOf, concat, conv2d, maxPool2d, relu, upsampleBilinear } from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import { type Backbone, type Network, networkOf, type Skip, sizeIn, valuesOf } from './backbone.js';
import { basicBlock } from './resnet.js';

/** ResNet-18's residual blocks a level. */
const BLOCKS = 2;
const LEVELS = 4;

/** Channels of the decoder's convolutions, shallow to deep, in those of the first level. */
const UP = [2, 4, 4, 8];

/**
 * `ResNetUNet` of usuyama/pytorch-unet: torchvision's ResNet-18 as `layer0` to `layer4`, and two convolutions at the image's own size,
 * which are its first feature. The decoder has a 1x1 convolution on each feature. The ResNet is in the state dict once more, as `base_model`.
 */
function resnetUNet(inputChannels: number, width: number, classes: number): Network {
  return networkOf({
    backbone: 'unet_usuyama_resnet18',
    inputChannels,
    features: (input, weights) => encode(input, weights, width),
    own: {
      classes,
      multiple: 32,
      logits: (skips, weights) =>
        conv2d(decode(skips, weights, width), weights.scope('conv_last'), classes, 1),
    },
    ignoredPrefixes: ['base_model.'],
  });
}

/** A convolution with a bias, and ReLU. */
function convRelu(x: Value, weights: Weights, name: string, out: number, kernel: number): Value {
  const layers = weights.scope(name);
  return relu(conv2d(x, layers.scope('0'), out, kernel), layers.scope('1'));
}

function encode(input: Value, weights: Weights, width: number): readonly Value[] {
  const first = convRelu(input, weights, 'conv_original_size0', width, 3);
  const original = convRelu(first, weights, 'conv_original_size1', width, 3);
  const layer0 = weights.scope('layer0');
  const strided = conv2d(input, layer0.scope('0'), width, 7, { stride: 2, bias: false });
  const stem = relu(batchNorm2d(strided, layer0.scope('1')), layer0.scope('2'));
  const features = [original, stem];
  let x = maxPool2d(stem, weights.scope('layer1').scope('0'), 3, 2, 1);
  for (let level = 0; level < LEVELS; level++) {
    // Behind the pooling there is one Sequential more.
    const layer = level === 0 ? weights.scope('layer1').scope('1') : weights.scope(`layer${level + 1}`);
    for (let block = 0; block < BLOCKS; block++) {
      const stride = level > 0 && block === 0 ? 2 : 1;
      x = basicBlock(x, layer.scope(String(block)), width * 2 ** level, stride);
    }
    features.push(x);
  }
  return features;
}

function decode(skips: readonly Skip[], weights: Weights, width: number): Value {
  const [original, ...levels] = valuesOf(skips);
  if (original === undefined) throw new TypeError('no feature');
  const narrowed = levels.map((skip, level) =>
    convRelu(skip, weights, `layer${level}_1x1`, channelsOf(skip), 1),
  );
  const join = (x: Value, skip: Value) =>
    concat([upsampleBilinear(x, weights.scope('upsample'), 2, true), skip], 1);
  const up = narrowed.reduceRight((deeper, skip, level) =>
    convRelu(join(deeper, skip), weights, `conv_up${level}`, width * at(UP, level), 3),
  );
  return convRelu(join(up, original), weights, 'conv_original_size2', width, 3);
}

const STEM = 'conv_original_size0.0.weight';

export const UsuyamaResNet18 = {
  id: 'unet_usuyama_resnet18',
  stems: [STEM],
  network: (shapes: Shapes) =>
    resnetUNet(
      sizeIn(shapes, STEM, 1, 3),
      sizeIn(shapes, STEM, 0, 64),
      sizeIn(shapes, 'conv_last.weight', 0, 1),
    ),
  ofWidth: (width: number) => resnetUNet(3, width, 1),
} satisfies Backbone;
