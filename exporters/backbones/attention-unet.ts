import type { Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { mul } from '../../graph/ops/elementwise.js';
import { sigmoid } from '../../graph/ops/unary.js';
import {
  add,
  batchNorm2d,
  channelsOf,
  conv2d,
  convNormRelu,
  doubleConv,
  module,
  relu,
  upsampleNearest,
} from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import { type Backbone, type Network, networkOf, type OwnDecoder, type Skip, sizeIn } from './backbone.js';
import { contract, doublingWidths, widthsIn } from './contracting.js';

/**
 * The Attention U-Net (Oktay et al., MIDL 2018) with the keys of LeeJunHyun/Image_Segmentation: double convolutions `Conv1`
 * to `ConvL`; its own decoder is `UpL`, `AttL`, `Up_convL` down to level 2, and `Conv_1x1`.
 * @param widths channels of the levels, shallow to deep
 */
function attentionUnet(inputChannels: number, widths: readonly number[], classes = 1): Network {
  return networkOf({
    backbone: 'attention_unet',
    inputChannels,
    features: (input, weights) =>
      contract(
        input,
        () => weights.scope('Maxpool'),
        widths,
        (x, level, width) => doubleConv(x, weights.scope(`Conv${level + 1}`), width, 'conv'),
      ),
    own: ownDecoder(widths.length, classes),
  });
}

function ownDecoder(levels: number, classes: number): OwnDecoder {
  return {
    classes,
    multiple: 2 ** (levels - 1),
    logits: (skips, weights) => conv2d(decode(skips, weights), weights.scope('Conv_1x1'), classes, 1),
  };
}

/** From level to level: double and convolve, weigh the skip by that, join the two (skip first), convolve. */
function decode(skips: readonly Skip[], weights: Weights): Value {
  const levels = skips.map(({ value }) => value);
  return levels.reduceRight((deeper, skip, at) => {
    const level = at + 2;
    const width = channelsOf(skip);
    const up = weights.scope(`Up${level}.up`);
    const gate = convNormRelu(upsampleNearest(deeper, up.scope('0'), 2), up, width, ['1', '2', '3']);
    const attended = module(weights, `Att${level}`, (inner) => attend(gate, skip, inner));
    return module(weights, `Up_conv${level}`, (inner) =>
      doubleConv(concat([attended, gate], 1), inner, width, 'conv'),
    );
  });
}

/** x times sigmoid(psi(relu(W_g gate + W_x x))): one factor a pixel. */
function attend(gate: Value, x: Value, weights: Weights): Value {
  const project = (value: Value, name: string, out: number) => {
    const inner = weights.scope(name);
    return batchNorm2d(conv2d(value, inner.scope('0'), out, 1), inner.scope('1'));
  };
  const between = Math.floor(channelsOf(x) / 2);
  const sum = add(project(gate, 'W_g', between), project(x, 'W_x', between));
  return mul(x, sigmoid(project(relu(sum, weights.scope('relu')), 'psi', 1)));
}

const convWeight = (level: number) => `Conv${level + 1}.conv.0.weight`;

export const AttentionUNet = {
  id: 'attention_unet',
  network(shapes: Shapes) {
    return attentionUnet(
      sizeIn(shapes, convWeight(0), 1, 3),
      widthsIn(shapes, convWeight, doublingWidths(64)),
      sizeIn(shapes, 'Conv_1x1.weight', 0, 1),
    );
  },
  ofWidth: (width: number) => attentionUnet(3, doublingWidths(width)),
} satisfies Backbone;
