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
import { type Backbone, type Network, networkOf, type Skip, sizeIn, valuesOf } from './backbone.js';
import { contract, doublingWidths, widthsIn } from './contracting.js';

/** What differs between the networks of LeeJunHyun/Image_Segmentation, and those that others made of them. */
interface AttentionVariant {
  /** Channels of the levels, shallow to deep. */
  readonly widths: readonly number[];
  /** Double convolutions, or those of R2U-Net. */
  readonly block: 'Conv' | 'RRCNN';
  /** Whether skips are weighed before they are joined. */
  readonly gated: boolean;
  /** The module of the last convolution. */
  readonly head: string;
  readonly classes: number;
}

/**
 * The Attention U-Net (Oktay et al., MIDL 2018) with the keys of LeeJunHyun/Image_Segmentation, and its kin: double convolutions
 * `Conv1` to `ConvL`, in R2U-Net and R2AttU-Net recurrent ones `RRCNN1` to `RRCNNL`; its own decoder is `UpL`, `AttL` (U-Net and
 * R2U-Net have none), `Up_convL` or `Up_RRCNNL` down to level 2, and `Conv_1x1` or `Conv`.
 */
function attentionUnet(inputChannels: number, variant: AttentionVariant): Network {
  const { widths, block, gated, classes, head } = variant;
  return networkOf({
    backbone: 'attention_unet',
    inputChannels,
    features: (input, weights) =>
      contract(
        input,
        () => weights.scope('Maxpool'),
        widths,
        (x, level, width) => BLOCKS[block](x, weights.scope(`${block}${level + 1}`), width),
      ),
    own: {
      classes,
      multiple: 2 ** (widths.length - 1),
      ...((!gated || block === 'RRCNN') && { variant: { gates: gated ? 'attention' : 'none' } }),
      logits: (skips, weights) => conv2d(decode(skips, weights, variant), weights.scope(head), classes, 1),
    },
  });
}

const BLOCKS = {
  Conv: (x: Value, weights: Weights, width: number) => doubleConv(x, weights, width, 'conv'),
  RRCNN: recurrentResidual,
} as const;

/** R2U-Net's block (Alom et al., 2018): two recurrent convolutions on a 1x1 one, which is added behind them. */
function recurrentResidual(x: Value, weights: Weights, width: number): Value {
  const input = conv2d(x, weights.scope('Conv_1x1'), width, 1);
  const first = recurrent(input, weights.scope('RCNN.0'), width);
  return add(input, recurrent(first, weights.scope('RCNN.1'), width));
}

/** Its code's steps, `t`. */
const STEPS = 2;

/** One convolution's weights in several steps, each on the input and what the step before gave. */
function recurrent(x: Value, weights: Weights, width: number): Value {
  const step = (value: Value) => convNormRelu(value, weights.scope('conv'), width, ['0', '1', '2']);
  let y = step(x);
  for (let count = 0; count < STEPS; count++) y = step(add(x, y));
  return y;
}

/** From level to level: double and convolve, weigh the skip by that, join the two (skip first), convolve. */
function decode(skips: readonly Skip[], weights: Weights, { block, gated }: AttentionVariant): Value {
  const levels = valuesOf(skips);
  return levels.reduceRight((deeper, skip, at) => {
    const level = at + 2;
    const width = channelsOf(skip);
    const up = weights.scope(`Up${level}.up`);
    const gate = convNormRelu(upsampleNearest(deeper, up.scope('0'), 2), up, width, ['1', '2', '3']);
    const joined = gated ? module(weights, `Att${level}`, (inner) => attend(gate, skip, inner)) : skip;
    const name = block === 'Conv' ? `Up_conv${level}` : `Up_RRCNN${level}`;
    return module(weights, name, (inner) => BLOCKS[block](concat([joined, gate], 1), inner, width));
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

const blockIn = (shapes: Shapes) => (shapes.has('RRCNN1.Conv_1x1.weight') ? 'RRCNN' : 'Conv');

const firstWeight = (block: AttentionVariant['block'], level: number) =>
  block === 'Conv' ? `Conv${level + 1}.conv.0.weight` : `RRCNN${level + 1}.Conv_1x1.weight`;

export const AttentionUNet = {
  id: 'attention_unet',
  stems: [firstWeight('Conv', 0), firstWeight('RRCNN', 0)],
  network(shapes: Shapes) {
    const block = blockIn(shapes);
    const first = (level: number) => firstWeight(block, level);
    const head = shapes.has('Conv.weight') ? 'Conv' : 'Conv_1x1';
    return attentionUnet(sizeIn(shapes, first(0), 1, 3), {
      widths: widthsIn(shapes, first, doublingWidths(64)),
      block,
      gated: shapes.has('Att2.psi.0.weight') || !shapes.has('Up2.up.1.weight'),
      head,
      classes: sizeIn(shapes, `${head}.weight`, 0, 1),
    });
  },
  ofWidth: (width: number) =>
    attentionUnet(3, {
      widths: doublingWidths(width),
      block: 'Conv',
      gated: true,
      head: 'Conv_1x1',
      classes: 1,
    }),
} satisfies Backbone;
