import { at } from '../../../../graph/common/at.js';
import { numbers, subtractDims } from '../../../../graph/ir/dim.js';
import { int64List, type Value } from '../../../../graph/ir/value.js';
import { sub } from '../../../../graph/ops/elementwise.js';
import { gather } from '../../../../graph/ops/gather.js';
import { pad } from '../../../../graph/ops/pad.js';
import { shapeOf } from '../../../../graph/ops/shape.js';
import { convNd } from '../../../nn/convolution.js';
import { channelsOf, concat } from '../../../nn/layers.js';
import type { Shapes, Weights } from '../../../nn/weights.js';
import { within } from '../../../nn/within.js';
import type { Arguments } from '../../arguments/arguments.js';
import type { Common, Definition } from '../../arguments/definition.js';
import { AFFINE_INSTANCE, actIn, normIn } from '../../arguments/inferred.js';
import { actOf, normOf } from '../../arguments/layers.js';
import { channelsOfLevels, listText } from '../../arguments/sizes.js';
import type { NamedArguments } from '../../backbone.js';
import { contract } from '../../contracting.js';
import type { Architecture } from '../architecture.js';
import { type Adn, convolution, PLAIN_ORDER } from '../convolution.js';
import { modeIn, UPSAMPLE_MODES, upsampled } from '../upsample.js';

/** Of the levels, shallow to deep, and of the last convolutions. */
const FEATURES = [32, 32, 64, 128, 256, 32];
const DEEPEST = 4;
const ACT = ['leakyrelu', { negative_slope: 0.1 }];

interface Convs {
  readonly bias: boolean;
  readonly adn: Adn;
}

function twoConv(x: Value, weights: Weights, out: number, convs: Convs): Value {
  const first = convolution(x, weights.scope('conv_0'), out, convs);
  return convolution(first, weights.scope('conv_1'), out, convs);
}

/** Repeats the last place of each axis where pooling dropped an odd one. */
function paddedTo(x: Value, like: Value, weights: Weights): Value {
  const [, , ...space] = like.shape;
  const missing = numbers(space.map((size, axis) => subtractDims(size, at(x.shape, axis + 2))));
  if (missing?.every((count) => count === 0)) return x;
  return within(weights, () => {
    const axes = space.map((_, axis) => axis + 2);
    const ends = missing === undefined ? gather(sub(shapeOf(like), shapeOf(x)), axes) : int64List(missing);
    return pad(x, concat([int64List(Array(axes.length + 4).fill(0)), ends], 0), 'edge');
  });
}

const levelOf = (level: number): string => (level === 0 ? 'conv_0' : `down_${level}.convs`);

function define(args: Arguments, { axes, classes }: Common): Definition {
  const features = channelsOfLevels(args, 'features', FEATURES, FEATURES.length);
  const mode = args.word('upsample', 'deconv', UPSAMPLE_MODES);
  const convs: Convs = {
    bias: args.flag('bias', true),
    adn: { ordering: PLAIN_ORDER, norm: normOf(args, 'norm', AFFINE_INSTANCE), act: actOf(args, 'act', ACT) },
  };
  // It drops out in training alone.
  args.value('dropout');
  return {
    multiple: Array(axes).fill(1),
    variant: { features: listText(features), upsample: mode },
    features: (input, weights) =>
      contract(
        input,
        (level) => weights.scope(`down_${level}.max_pooling`),
        features.slice(0, DEEPEST + 1),
        (x, level, width) => twoConv(x, weights.scope(levelOf(level)), width, convs),
      ),
    logits(skips, weights) {
      const last = skips.reduceRight((x, skip, level) => {
        const up = weights.scope(`upcat_${level + 1}`);
        const channels = channelsOf(x);
        const halved = level === 0 ? channels : Math.floor(channels / 2);
        const larger = upsampled(x, up.scope('upsample'), halved, mode, true);
        const joined = within(up, () => concat([skip, paddedTo(larger, skip, up)], 1));
        const out = at(features, level === 0 ? FEATURES.length - 1 : level);
        return twoConv(joined, up.scope('convs'), out, convs);
      });
      return convNd(last, weights.scope('final_conv'), classes, 1);
    },
  };
}

const FIRST = 'conv_0.conv_0.conv.weight';
const UPSAMPLE = 'upcat_4.upsample';

function inferred(shapes: Shapes): NamedArguments {
  const widths = [...FEATURES.keys()].map((level) => {
    const path = level > DEEPEST ? 'upcat_1.convs' : levelOf(level);
    return shapes.get(`${path}.conv_0.conv.weight`)?.[0] ?? at(FEATURES, level);
  });
  return {
    features: widths,
    upsample:
      modeIn(shapes, UPSAMPLE) ?? (shapes.has(`${UPSAMPLE}.preconv.weight`) ? 'nontrainable' : 'deconv'),
    bias: shapes.has('conv_0.conv_0.conv.bias'),
    norm: normIn(shapes, 'conv_0.conv_0.adn.N'),
    act: actIn(shapes, 'conv_0.conv_0.adn.A', ACT),
    out_channels: shapes.get('final_conv.weight')?.[0],
  };
}

/** monai.networks.nets.BasicUNet: five levels of two convolutions, of any size. */
export const BASIC_UNET: Architecture = {
  className: 'BasicUNet',
  aliases: ['BasicUnet', 'Basicunet', 'basicunet'],
  stems: [FIRST],
  required: [],
  isIn: (shapes) => shapes.has(FIRST) && shapes.has('down_1.convs.conv_0.conv.weight'),
  inferred,
  define,
};
