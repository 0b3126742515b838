import type { Value } from '../../../../graph/ir/value.js';
import { concat } from '../../../../graph/ops/concat.js';
import { expandTo } from '../../../../graph/ops/expand.js';
import { shapeOf } from '../../../../graph/ops/shape.js';
import {
  batchNorm2d,
  channelsOf,
  conv2d,
  globalAveragePool,
  module,
  relu,
  upsampleBilinear,
} from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import type { Arguments } from '../../arguments/arguments.js';
import { type Architecture, deepest, type Levels, upsamplingOf } from './decoder.js';

/** Channels of the shallow feature (Chen et al., ECCV 2018). */
const SHALLOW = 48;

const bare = (x: Value, weights: Weights, out: number) => conv2d(x, weights, out, 1, { bias: false });

/** Each channel by itself, `.0`, then 1x1, `.1`. */
function separable(x: Value, weights: Weights, out: number, dilation = 1): Value {
  const channels = channelsOf(x);
  const options = { groups: channels, dilation, bias: false };
  return bare(conv2d(x, weights.scope('0'), channels, 3, options), weights.scope('1'), out);
}

/** BatchNorm and ReLU, at these places of a Sequential. */
const active = (x: Value, weights: Weights, norm: number) =>
  relu(batchNorm2d(x, weights.scope(String(norm))), weights.scope(String(norm + 1)));

interface Pyramid {
  readonly out: number;
  readonly rates: readonly number[];
  readonly isSeparable: boolean;
}

/** Atrous spatial pyramid pooling: 1x1, three dilated 3x3 and the mean of all places, joined. */
function pyramid(x: Value, weights: Weights, { out, rates, isSeparable }: Pyramid): Value {
  const branch = (index: number) => weights.scope(`convs.${index}`);
  const first = active(bare(x, branch(0).scope('0'), out), branch(0), 1);
  const dilated = rates.map((dilation, index) => {
    const inner = branch(index + 1);
    const convolved = isSeparable
      ? separable(x, inner.scope('0'), out, dilation)
      : conv2d(x, inner.scope('0'), out, 3, { dilation, bias: false });
    return active(convolved, inner, 1);
  });
  const pooled = module(weights, 'convs.4', (inner) => {
    const mean = active(bare(globalAveragePool(x), inner.scope('1'), out), inner, 2);
    return expandTo(mean, shapeOf(first));
  });
  return module(weights, 'project', (inner) =>
    active(bare(concat([first, ...dilated, pooled], 1), inner.scope('0'), out), inner, 1),
  );
}

/** The feature at a stride of 4, which is always there. */
function shallow(levels: Levels): Value {
  const feature = levels[2];
  if (feature === undefined) throw new TypeError('no feature at a stride of 4');
  return feature;
}

const outputStride = (args: Arguments) => {
  const stride = args.whole('encoder_output_stride', 16, 8, 16);
  if (stride !== 8 && stride !== 16) throw args.fault(['encoder_output_stride'], '8 or 16');
  return stride;
};

/** `DeepLabV3Plus` (Chen et al., ECCV 2018). */
export const DEEPLABV3PLUS: Architecture = {
  className: 'DeepLabV3Plus',
  isIn: (shapes) => shapes.has('decoder.aspp.0.convs.0.0.weight'),
  inferred: (shapes) => ({
    decoder_channels: shapes.get('decoder.aspp.0.convs.0.0.weight')?.[0],
    decoder_aspp_separable: shapes.has('decoder.aspp.0.convs.1.0.0.weight'),
  }),
  leastDepth: 3,
  outputStride,
  decoder(args, { extent }) {
    const out = args.whole('decoder_channels', 256);
    const rates = args.wholes('decoder_atrous_rates', [12, 24, 36], 3, 'one for each dilated branch');
    const isSeparable = args.flag('decoder_aspp_separable', true);
    // It drops out in training alone.
    args.value('decoder_aspp_dropout');
    const scale = extent.outputStride === 16 && extent.depth > 3 ? 4 : 2;
    return {
      headKernel: 1,
      upsampling: upsamplingOf(args),
      decode(levels, weights) {
        const deep = module(weights, 'aspp', (inner) => {
          const joined = pyramid(deepest(levels), inner.scope('0'), { out, rates, isSeparable });
          return active(separable(joined, inner.scope('1'), out), inner, 2);
        });
        const enlarged = upsampleBilinear(deep, weights.scope('up'), scale, true);
        const fine = module(weights, 'block1', (inner) =>
          active(bare(shallow(levels), inner.scope('0'), SHALLOW), inner, 1),
        );
        return module(weights, 'block2', (inner) =>
          active(separable(concat([enlarged, fine], 1), inner.scope('0'), out), inner, 1),
        );
      },
    };
  },
};
