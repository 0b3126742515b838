import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import { add, concat, conv2d, groupNorm, module, relu, upsampleBilinear } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { type Architecture, deepest, doubled, interpolationOf, upsamplingOf } from './decoder.js';

const GROUPS = 32;
/** The deepest levels that the pyramid has. */
const LEVELS = 4;

/** Convolutions with GroupNorm, each but where there is nothing to enlarge doubled with aligned corners. */
function enlarged(x: Value, weights: Weights, times: number, out: number): Value {
  let y = x;
  for (let index = 0; index < Math.max(1, times); index++) {
    y = module(weights, `block.${index}`, (inner) => {
      const convolved = conv2d(y, inner.scope('block.0'), out, 3, { bias: false });
      const active = relu(groupNorm(convolved, inner.scope('block.1'), GROUPS), inner.scope('block.2'));
      return times === 0 ? active : upsampleBilinear(active, inner, 2, true);
    });
  }
  return y;
}

const PYRAMID = 'decoder.p5.weight';

/** `FPN` (Lin et al., CVPR 2017; Kirillov et al., CVPR 2019): four levels, merged at the resolution of the shallowest. */
export const FPN: Architecture = {
  className: 'FPN',
  isIn: (shapes) => shapes.has(PYRAMID),
  inferred(shapes) {
    const out = shapes.get('decoder.seg_blocks.0.block.0.block.0.weight')?.[0];
    const merged = shapes.get('segmentation_head.0.weight')?.[1];
    return {
      decoder_pyramid_channels: shapes.get(PYRAMID)?.[0],
      decoder_segmentation_channels: out,
      decoder_merge_policy: merged === out ? 'add' : 'cat',
    };
  },
  leastDepth: 3,
  decoder(args, { first, extent: { depth } }) {
    if (depth - first < LEVELS - 1 && first > 1) {
      throw args.fault(
        ['encoder_depth'],
        '5: the encoder has no feature at a stride of 2, which FPN would take',
      );
    }
    const pyramid = args.whole('decoder_pyramid_channels', 256);
    const out = args.whole('decoder_segmentation_channels', 128);
    if (out % GROUPS !== 0) throw args.fault(['decoder_segmentation_channels'], `a multiple of ${GROUPS}`);
    const policy = args.word('decoder_merge_policy', 'add', ['add', 'cat']);
    const interpolation = interpolationOf(args);
    // It drops out in training alone.
    args.value('decoder_dropout');
    return {
      headKernel: 1,
      upsampling: upsamplingOf(args),
      decode(levels, weights) {
        let x = conv2d(deepest(levels), weights.scope('p5'), pyramid, 1);
        const steps = [x];
        for (let step = 1; step < LEVELS; step++) {
          const skip = levels[levels.length - 1 - step];
          if (skip === undefined) throw new TypeError('a level without a feature');
          x = module(weights, `p${LEVELS + 1 - step}`, (inner) =>
            add(doubled(x, inner, interpolation), conv2d(skip, inner.scope('skip_conv'), pyramid, 1)),
          );
          steps.push(x);
        }
        const merged = steps.map((level, step) =>
          module(weights, `seg_blocks.${step}`, (inner) => enlarged(level, inner, LEVELS - 1 - step, out)),
        );
        return policy === 'cat' ? concat(merged, 1) : merged.slice(1).reduce(add, at(merged, 0));
      },
    };
  },
};
