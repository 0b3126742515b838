import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import { convNd } from '../../../nn/convolution.js';
import { add, channelsOf } from '../../../nn/layers.js';
import type { Shapes, Weights } from '../../../nn/weights.js';
import { Arguments } from '../../arguments/arguments.js';
import type { Common, Definition } from '../../arguments/definition.js';
import { AFFINE_INSTANCE, actIn, countOf, normIn } from '../../arguments/inferred.js';
import { actOf, type Following, type Layer, normOf } from '../../arguments/layers.js';
import { channelsOfLevels, listText } from '../../arguments/sizes.js';
import type { NamedArguments } from '../../backbone.js';
import { descend } from '../../contracting.js';
import type { Architecture } from '../architecture.js';
import { modeIn, UPSAMPLE_MODES, upsampled } from '../upsample.js';

const BLOCKS_DOWN = [1, 2, 2, 4];
const BLOCKS_UP = [1, 1, 1];
const GROUPS = 8;

const conv = (x: Value, weights: Weights, out: number, kernel = 3, stride = 1) =>
  convNd(x, weights.scope('conv'), out, kernel, { stride, bias: false });

/** Norm and activation go before each of two convolutions; x is added. */
function resBlock(x: Value, weights: Weights, { norm, act }: Following): Value {
  const convolved = (value: Value, which: 1 | 2) => {
    const activated = act(norm(value, weights.scope(`norm${which}`)), weights.scope('act'));
    return conv(activated, weights.scope(`conv${which}`), channelsOf(x));
  };
  return add(convolved(convolved(x, 1), 2), x);
}

const resBlocks = (x: Value, weights: Weights, net: Following, count: number, first: number): Value =>
  Array.from({ length: count }, (_, index) => weights.scope(String(index + first))).reduce(
    (y, path) => resBlock(y, path, net),
    x,
  );

/** `norm`, or as it was said before, by `norm_name` and `num_groups`. */
function normalization(args: Arguments): Layer {
  const group = ['group', { num_groups: args.whole('num_groups', GROUPS) }];
  const name = args.value('norm_name') ?? '';
  if (name !== '' && String(name).toLowerCase() !== 'group') throw args.fault(['norm_name'], 'group');
  const norm = normOf(args, 'norm', group);
  return name === '' ? norm : normOf(new Arguments({}), 'norm', group);
}

function define(args: Arguments, { axes, classes }: Common): Definition {
  const filters = args.whole('init_filters', 8);
  const down = channelsOfLevels(args, 'blocks_down', BLOCKS_DOWN);
  const up = channelsOfLevels(args, 'blocks_up', BLOCKS_UP, down.length - 1);
  const mode = args.word('upsample_mode', 'nontrainable', UPSAMPLE_MODES);
  const net: Following = { norm: normalization(args), act: actOf(args, 'act', 'relu') };
  if (!args.flag('use_conv_final', true)) {
    throw args.fault(['use_conv_final'], 'true: without its last convolution the network gives no classes');
  }
  // It drops out in training alone.
  args.value('dropout_prob');
  return {
    multiple: Array(axes).fill(2 ** (down.length - 1)),
    variant: { blocks_down: listText(down), blocks_up: listText(up), upsample: mode },
    // The activation of the last layers, a second time, and of SegResNetVAE what counts in training alone.
    isSpare: (key) => key === 'act_mod.weight' || key.startsWith('vae_'),
    features(input, weights) {
      const first = conv(input, weights.scope('convInit'), filters);
      return descend(first, down, (x, count, level) => {
        const layers = weights.scope(`down_layers.${level}`);
        const smaller = level > 0 ? conv(x, layers.scope('0'), filters * 2 ** level, 3, 2) : x;
        return resBlocks(smaller, layers, net, count, 1);
      });
    },
    logits(features, weights) {
      const last = features.reduceRight((x, skip, level) => {
        const step = up.length - 1 - level;
        const sampling = weights.scope(`up_samples.${step}`);
        const out = channelsOf(skip);
        const narrow = conv(x, sampling.scope('0'), out, 1);
        const larger = upsampled(narrow, sampling.scope('1'), out, mode, false);
        return resBlocks(add(larger, skip), weights.scope(`up_layers.${step}`), net, at(up, step), 0);
      });
      const end = weights.scope('conv_final');
      const activated = net.act(net.norm(last, end.scope('0')), end.scope('1'));
      return convNd(activated, end.scope('2.conv'), classes, 1);
    },
  };
}

const FIRST = 'convInit.conv.weight';
const BLOCK = 'down_layers.0.1';

/** The class's default, where its groups divide the channels. */
const standardNorm = (filters = GROUPS): unknown =>
  filters % GROUPS === 0 ? ['group', { num_groups: GROUPS }] : AFFINE_INSTANCE;

function inferred(shapes: Shapes): NamedArguments {
  const blocksIn = (layers: string, first: number) => (level: number) =>
    countOf(shapes, (index) => `${layers}.${level}.${index}.conv1.conv.weight`, first);
  const levels = countOf(shapes, (level) => `down_layers.${level}.1.conv1.conv.weight`);
  const numbers = [...Array(levels).keys()];
  const blocksUp = numbers.slice(1).map((level) => blocksIn('up_layers', 0)(level - 1));
  return {
    blocks_down: numbers.map(blocksIn('down_layers', 1)),
    // There are none below a decoder of nmODE.
    blocks_up: blocksUp.map((count) => Math.max(1, count)),
    upsample_mode: modeIn(shapes, 'up_samples.0.1') ?? 'nontrainable',
    init_filters: shapes.get(FIRST)?.[0],
    norm: normIn(shapes, `${BLOCK}.norm1`, standardNorm(shapes.get(FIRST)?.[0])),
    act: actIn(shapes, `${BLOCK}.act`, 'relu'),
    out_channels: shapes.get('conv_final.2.conv.weight')?.[0],
  };
}

/** monai.networks.nets.SegResNet: residual blocks, norms first; what comes from below is added. SegResNetVAE is the same at inference. */
export const SEGRESNET: Architecture = {
  className: 'SegResNet',
  aliases: [],
  stems: [FIRST],
  required: [],
  isIn: (shapes) => shapes.has(FIRST) && shapes.has(`${BLOCK}.conv1.conv.weight`),
  inferred,
  define,
};
