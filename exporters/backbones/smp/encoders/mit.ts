import { at } from '../../../../graph/common/at.js';
import { scope, type Value } from '../../../../graph/ir/value.js';
import { matMul } from '../../../../graph/ops/matmul.js';
import { reshape, reshapeTo } from '../../../../graph/ops/reshape.js';
import { shapeOf } from '../../../../graph/ops/shape.js';
import { sliceAxis } from '../../../../graph/ops/slice.js';
import { transpose } from '../../../../graph/ops/transpose.js';
import { softmax } from '../../../../graph/ops/unary.js';
import {
  add,
  type Conv2dOptions,
  channelsOf,
  conv2d,
  gelu,
  layerNorm2d,
  linear,
  module,
  mul,
} from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { descend } from '../../contracting.js';
import { type Extent, encodersOf, stepOf } from './encoder.js';

/** Channels of the stages of all but the smallest (Xie et al., NeurIPS 2021, table 6). */
const WIDTHS = [64, 128, 320, 512];

interface Variant {
  readonly widths?: readonly number[];
  readonly blocks: readonly number[];
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  mit_b0: { widths: [32, 64, 160, 256], blocks: [2, 2, 2, 2] },
  mit_b1: { blocks: [2, 2, 2, 2] },
  mit_b2: { blocks: [3, 4, 6, 3] },
  mit_b3: { blocks: [3, 4, 18, 3] },
  mit_b4: { blocks: [3, 8, 27, 3] },
  mit_b5: { blocks: [3, 6, 40, 3] },
};

const HEADS = [1, 2, 5, 8];
/** By how much keys and values are coarser than queries. */
const REDUCTIONS = [8, 4, 2, 1];
/** Of blocks and stages; patches and reduced keys have PyTorch's own. */
const [EPSILON, OWN_EPSILON] = [1e-6, 1e-5];

/** A convolution; smp dilates all of a stage, in place of their strides. */
function convolve(x: Value, weights: Weights, out: number, kernel: number, options: Conv2dOptions): Value {
  const { dilation = 1 } = options;
  const padding = Math.floor(kernel / 2) * dilation;
  return conv2d(x, weights, out, kernel, dilation > 1 ? { ...options, stride: 1, padding } : options);
}

/** Efficient self-attention on all places. x [N, C, H, W] -> the same. */
function attention(x: Value, weights: Weights, heads: number, reduction: number, dilation: number): Value {
  return scope(weights.path, () => {
    const channels = channelsOf(x);
    const each = channels / heads;
    const perHead = (value: Value) => reshape(value, [0, heads, each, -1]);
    const swapped = (value: Value) => transpose(value, [0, 1, 3, 2]);
    const reduce = () => {
      const options = { stride: reduction, padding: 0, dilation };
      const patches = convolve(x, weights.scope('sr'), channels, reduction, options);
      return layerNorm2d(patches, weights.scope('norm'), OWN_EPSILON);
    };
    const reduced = reduction === 1 ? x : reduce();
    const queries = perHead(linear(x, weights.scope('q'), channels));
    const both = linear(reduced, weights.scope('kv'), 2 * channels);
    const keys = perHead(sliceAxis(both, 1, 0, channels));
    const values = perHead(sliceAxis(both, 1, channels, 2 * channels));
    const scores = mul(matMul(swapped(queries), keys), each ** -0.5);
    const found = matMul(softmax(scores, 3), swapped(values));
    const joined = reshapeTo(swapped(found), shapeOf(x));
    return linear(joined, weights.scope('proj'), channels);
  });
}

/** Two linear layers around a depthwise convolution. */
function mixed(x: Value, weights: Weights, dilation: number): Value {
  const channels = channelsOf(x);
  const wide = linear(x, weights.scope('fc1'), 4 * channels);
  const options = { stride: 1, dilation, groups: 4 * channels };
  const convolved = convolve(wide, weights.scope('dwconv.dwconv'), 4 * channels, 3, options);
  return linear(gelu(convolved, weights.scope('act')), weights.scope('fc2'), channels);
}

/** After the norm of each stage. */
function features(shape: Variant, input: Value, weights: Weights, extent: Extent): readonly Value[] {
  const { widths = WIDTHS, blocks } = shape;
  return descend(input, widths.slice(0, extent.depth - 1), (x, width, index) => {
    const stage = index + 1;
    const { dilation } = stepOf(2 ** (stage + 1), extent);
    const [kernel, stride] = index === 0 ? [7, 4] : [3, 2];
    const embed = weights.scope(`patch_embed${stage}`);
    const patches = convolve(x, embed.scope('proj'), width, kernel, { stride, dilation });
    let y = layerNorm2d(patches, embed.scope('norm'), OWN_EPSILON);
    for (let block = 0; block < at(blocks, index); block++) {
      y = module(weights, `block${stage}.${block}`, (inner) => {
        const normed = layerNorm2d(y, inner.scope('norm1'), EPSILON);
        const heads = at(HEADS, index);
        const sum = add(y, attention(normed, inner.scope('attn'), heads, at(REDUCTIONS, index), dilation));
        return add(sum, mixed(layerNorm2d(sum, inner.scope('norm2'), EPSILON), inner.scope('mlp'), dilation));
      });
    }
    return layerNorm2d(y, weights.scope(`norm${stage}`), EPSILON);
  });
}

/** SegFormer's Mix Transformer. */
export const MITS = encodersOf(
  VARIANTS,
  { stem: 'patch_embed1.proj.weight', first: 2, unused: ['head.'] },
  features,
);
