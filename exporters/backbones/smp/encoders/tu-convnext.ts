import type { Value } from '../../../../graph/ir/value.js';
import { add, channelsOf, conv2d, gelu, layerNorm2d, linear, module, mul } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { type Extent, encodersOf, stepOf, tu } from './encoder.js';
import { sameConv } from './same-conv.js';

interface ConvNeXt {
  readonly widths: readonly number[];
  readonly blocks: readonly number[];
  /** Whether the two layers of a block are convolutions in the checkpoint, instead of linear. */
  readonly isConvolved?: boolean;
  readonly epsilon?: number;
}

const doubling = (width: number) => [1, 2, 4, 8].map((factor) => factor * width);
const EPSILON = 1e-6;

/** Liu et al., CVPR 2022, section 2, and timm's smaller ones. */
const VARIANTS: Readonly<Record<string, ConvNeXt>> = {
  convnext_atto: { widths: doubling(40), blocks: [2, 2, 6, 2], isConvolved: true },
  convnext_femto: { widths: doubling(48), blocks: [2, 2, 6, 2], isConvolved: true },
  convnext_pico: { widths: doubling(64), blocks: [2, 2, 6, 2], isConvolved: true },
  convnext_nano: { widths: doubling(80), blocks: [2, 2, 8, 2], isConvolved: true },
  convnext_tiny_hnf: { widths: doubling(96), blocks: [3, 3, 9, 3], isConvolved: true },
  convnext_tiny: { widths: doubling(96), blocks: [3, 3, 9, 3] },
  convnext_small: { widths: doubling(96), blocks: [3, 3, 27, 3] },
  convnext_base: { widths: doubling(128), blocks: [3, 3, 27, 3] },
  convnext_large: { widths: doubling(192), blocks: [3, 3, 27, 3] },
  convnext_xlarge: { widths: doubling(256), blocks: [3, 3, 27, 3] },
  convnext_xxlarge: { widths: doubling(384), blocks: [3, 4, 30, 3], epsilon: 1e-5 },
};

/** x + gamma (linear (GELU (linear (LayerNorm (depthwise 7x7 (x)))))). */
function block(x: Value, weights: Weights, shape: ConvNeXt, dilation: number): Value {
  const { isConvolved, epsilon = EPSILON } = shape;
  const channels = channelsOf(x);
  const layer = (value: Value, name: string, out: number) =>
    isConvolved ? conv2d(value, weights.scope(name), out, 1) : linear(value, weights.scope(name), out);
  const convolved = conv2d(x, weights.scope('conv_dw'), channels, 7, { groups: channels, dilation });
  const wide = layer(layerNorm2d(convolved, weights.scope('norm'), epsilon), 'mlp.fc1', 4 * channels);
  const narrow = layer(gelu(wide, weights.scope('mlp.act')), 'mlp.fc2', channels);
  return add(mul(narrow, weights.take('gamma', [channels], [channels, 1, 1])), x);
}

/** Patches of 2 x 2, which overlap where they dilate: dilated by the stage before, at first by nothing. */
function merged(x: Value, weights: Weights, out: number, dilation: number): Value {
  if (dilation === 1) return sameConv(x, weights, { out, kernel: 2, stride: 2, bias: true, pads: [0, 0] });
  const own = dilation / 2;
  const before = Math.floor(own / 2);
  return sameConv(x, weights, { out, kernel: 2, dilation: own, bias: true, pads: [before, own - before] });
}

/** After each of its stages; the first begins with patches of 4 x 4, others of 2 x 2. */
function features(shape: ConvNeXt, input: Value, weights: Weights, extent: Extent): readonly Value[] {
  const { widths, blocks, epsilon = EPSILON } = shape;
  const patches = { stride: 4, padding: 0 };
  let x = input;
  return widths.slice(0, extent.depth - 1).map((width, stage) => {
    const { dilation } = stepOf(4 * 2 ** stage, extent);
    if (stage === 0) {
      const convolved = conv2d(x, weights.scope('stem_0'), width, 4, patches);
      x = layerNorm2d(convolved, weights.scope('stem_1'), epsilon);
    }
    return module(weights, `stages_${stage}`, (inner) => {
      if (stage > 0) {
        const down = inner.scope('downsample');
        x = merged(layerNorm2d(x, down.scope('0'), epsilon), down.scope('1'), width, dilation);
      }
      for (let index = 0; index < (blocks[stage] as number); index++) {
        x = module(inner, `blocks.${index}`, (own) => block(x, own, shape, dilation));
      }
      return x;
    });
  });
}

/** timm's ConvNeXt. */
export const TU_CONVNEXTS = encodersOf(VARIANTS, { stem: 'stem_0.weight', first: 2 }, features).map(tu);
