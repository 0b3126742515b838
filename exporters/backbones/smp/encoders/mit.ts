import { at } from '../../../../graph/common/at.js';
import { scope, type Value } from '../../../../graph/ir/value.js';
import { matMul } from '../../../../graph/ops/matmul.js';
import { reshape, reshapeTo } from '../../../../graph/ops/reshape.js';
import { shapeOf } from '../../../../graph/ops/shape.js';
import { sliceAxis } from '../../../../graph/ops/slice.js';
import { transpose } from '../../../../graph/ops/transpose.js';
import { softmax } from '../../../../graph/ops/unary.js';
import { add, channelsOf, conv2d, gelu, layerNorm2d, linear, module, mul } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { type Encoder, type Extent, stepOf } from './encoder.js';

/** [channels of the first stage and of all, blocks] (Xie et al., NeurIPS 2021, table 6). */
const VARIANTS = {
  mit_b0: [
    [32, 64, 160, 256],
    [2, 2, 2, 2],
  ],
  mit_b1: [
    [64, 128, 320, 512],
    [2, 2, 2, 2],
  ],
  mit_b2: [
    [64, 128, 320, 512],
    [3, 4, 6, 3],
  ],
  mit_b3: [
    [64, 128, 320, 512],
    [3, 4, 18, 3],
  ],
  mit_b4: [
    [64, 128, 320, 512],
    [3, 8, 27, 3],
  ],
  mit_b5: [
    [64, 128, 320, 512],
    [3, 6, 40, 3],
  ],
} as const;

const HEADS = [1, 2, 5, 8];
/** By how much keys and values are coarser than queries. */
const REDUCTIONS = [8, 4, 2, 1];
/** Of blocks and stages; patches and reduced keys have PyTorch's own. */
const [EPSILON, OWN_EPSILON] = [1e-6, 1e-5];

/** How a convolution of a stage steps: smp dilates all of them. */
interface Steps {
  readonly dilation: number;
}

/** A convolution of half a kernel's padding, or without. */
function convolve(
  x: Value,
  weights: Weights,
  out: number,
  kernel: number,
  { stride, padding, dilation, groups = 1 }: Steps & { stride: number; padding: number; groups?: number },
): Value {
  const options =
    dilation > 1
      ? { stride: 1, padding: Math.floor(kernel / 2) * dilation, dilation }
      : { stride, padding, dilation };
  return conv2d(x, weights, out, kernel, { ...options, groups });
}

/** Efficient self-attention on all places. x [N, C, H, W] -> the same. */
function attention(x: Value, weights: Weights, heads: number, reduction: number, steps: Steps): Value {
  return scope(weights.path, () => {
    const channels = channelsOf(x);
    const each = channels / heads;
    const perHead = (value: Value) => reshape(value, [0, heads, each, -1]);
    const swapped = (value: Value) => transpose(value, [0, 1, 3, 2]);
    const reduced =
      reduction === 1
        ? x
        : layerNorm2d(
            convolve(x, weights.scope('sr'), channels, reduction, {
              ...steps,
              stride: reduction,
              padding: 0,
            }),
            weights.scope('norm'),
            OWN_EPSILON,
          );
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
function mixed(x: Value, weights: Weights, steps: Steps): Value {
  const channels = channelsOf(x);
  const wide = linear(x, weights.scope('fc1'), 4 * channels);
  const options = { ...steps, stride: 1, padding: 1, groups: 4 * channels };
  const convolved = convolve(wide, weights.scope('dwconv.dwconv'), 4 * channels, 3, options);
  return linear(gelu(convolved, weights.scope('act')), weights.scope('fc2'), channels);
}

/** After the norm of each stage. */
function features(
  [widths, blocks]: readonly [readonly number[], readonly number[]],
  input: Value,
  weights: Weights,
  extent: Extent,
): readonly Value[] {
  let x = input;
  return widths.slice(0, extent.depth - 1).map((width, index) => {
    const stage = index + 1;
    const { dilation } = stepOf(2 ** (stage + 1), extent);
    const [kernel, stride] = index === 0 ? [7, 4] : [3, 2];
    const embed = weights.scope(`patch_embed${stage}`);
    const padding = Math.floor(kernel / 2);
    const patches = convolve(x, embed.scope('proj'), width, kernel, { stride, padding, dilation });
    x = layerNorm2d(patches, embed.scope('norm'), OWN_EPSILON);
    for (let block = 0; block < at(blocks, index); block++) {
      x = module(weights, `block${stage}.${block}`, (inner) => {
        const normed = layerNorm2d(x, inner.scope('norm1'), EPSILON);
        const heads = at(HEADS, index);
        const y = add(x, attention(normed, inner.scope('attn'), heads, at(REDUCTIONS, index), { dilation }));
        return add(y, mixed(layerNorm2d(y, inner.scope('norm2'), EPSILON), inner.scope('mlp'), { dilation }));
      });
    }
    x = layerNorm2d(x, weights.scope(`norm${stage}`), EPSILON);
    return x;
  });
}

/** SegFormer's Mix Transformer. */
export const MITS = Object.entries(VARIANTS).map(
  ([name, shape]): Encoder => ({
    name,
    stem: 'patch_embed1.proj.weight',
    first: 2,
    unused: ['head.'],
    features: (input, weights, extent) => features(shape, input, weights, extent),
  }),
);
