import { at } from '../../../graph/common/at.js';
import { int64List, scope, type Value } from '../../../graph/ir/value.js';
import { pad } from '../../../graph/ops/pad.js';
import { sliceAxis } from '../../../graph/ops/slice.js';
import {
  add,
  batchNorm2d,
  channelsOf,
  concat,
  conv2d,
  gelu,
  layerNorm2d,
  linear,
  maxPool2d,
  relu,
  upsampleBilinear,
} from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import { type Backbone, networkOf, sizeIn, valuesOf } from '../backbone.js';
import { descend } from '../contracting.js';

/** Channels of the five levels, shallow to deep: convolutions, then tokens. */
const STANDARD = [16, 32, 128, 160, 256];
const CONVOLUTIONS = 3;
const EPSILON = 1e-5;
/** Groups of channels are shifted by -2 to 2 places. */
const [GROUPS, MOST] = [5, 2];

/** torch.chunk: groups of equal size, the last with what is left. */
function chunks(x: Value): readonly Value[] {
  const channels = channelsOf(x);
  const size = Math.ceil(channels / GROUPS);
  const count = Math.ceil(channels / size);
  return Array.from({ length: count }, (_, index) =>
    sliceAxis(x, 1, index * size, Math.min(channels, (index + 1) * size)),
  );
}

/** Each group of channels is moved along an axis, by another number of places; zeros come in at the border. */
function shifted(x: Value, axis: 2 | 3): Value {
  const groups = chunks(x).map((group, index) => {
    const shift = index - MOST;
    // What is padded at one end is cut off at the other.
    const along = (count: number) => group.shape.map((_, each) => (each === axis ? count : 0));
    return shift === 0 ? group : pad(group, int64List([...along(shift), ...along(-shift)]));
  });
  return concat(groups, 1);
}

/** A block of `name.0`: x + MLP of the normalized x, shifted along the height before the first layer and along the width before the second. */
function block(x: Value, weights: Weights): Value {
  const mlp = weights.scope('mlp');
  const channels = channelsOf(x);
  const shift = (value: Value, axis: 2 | 3) => scope(mlp.path, () => shifted(value, axis));
  const first = linear(shift(layerNorm2d(x, weights.scope('norm2'), EPSILON), 2), mlp.scope('fc1'), channels);
  const mixed = conv2d(first, mlp.scope('dwconv.dwconv'), channels, 3, { groups: channels });
  const active = gelu(mixed, mlp.scope('act'));
  return add(x, linear(shift(active, 3), mlp.scope('fc2'), channels));
}

/** Patches of 3 x 3 that overlap, at half the resolution, as tokens. */
function tokens(x: Value, weights: Weights, level: number, out: number): Value {
  const embed = weights.scope(`patch_embed${level}`);
  const projected = conv2d(x, embed.scope('proj'), out, 3, { stride: 2 });
  const normalized = layerNorm2d(projected, embed.scope('norm'), EPSILON);
  const mixed = block(normalized, weights.scope(`block${level - CONVOLUTIONS + 1}.0`));
  return layerNorm2d(mixed, weights.scope(`norm${level}`), EPSILON);
}

function encode(input: Value, weights: Weights, widths: readonly number[]): readonly Value[] {
  return descend(input, widths, (x, width, index) => {
    if (index >= CONVOLUTIONS) return tokens(x, weights, index, width);
    const level = index + 1;
    const norm = weights.scope(`ebn${level}`);
    const convolved = batchNorm2d(conv2d(x, weights.scope(`encoder${level}`), width, 3), norm);
    return relu(maxPool2d(convolved, norm, 2), norm);
  });
}

/** Each level is convolved, doubled and added to the skip; a block of tokens follows the two deepest. */
function decode(features: readonly Value[], weights: Weights): Value {
  const deepest = features.length - 1;
  const up = (x: Value, step: number, out: number) => {
    const convolved = conv2d(x, weights.scope(`decoder${step}`), out, 3);
    const norm = weights.scope(`dbn${step}`);
    const normalized = step > deepest ? convolved : batchNorm2d(convolved, norm);
    return relu(upsampleBilinear(normalized, norm, 2), norm);
  };
  const merged = features.reduceRight((x, skip, level) => {
    const step = deepest - level;
    const sum = add(up(x, step, channelsOf(skip)), skip);
    if (level < CONVOLUTIONS - 1) return sum;
    const mixed = block(sum, weights.scope(`dblock${step}.0`));
    return layerNorm2d(mixed, weights.scope(`dnorm${step + CONVOLUTIONS - 1}`), EPSILON);
  });
  return up(merged, deepest + 1, channelsOf(at(features, 0)));
}

/** The first weight of a level. */
const first = (index: number) =>
  index < CONVOLUTIONS ? `encoder${index + 1}.weight` : `patch_embed${index}.proj.weight`;

/** UNeXt (Valanarasu and Patel, MICCAI 2022) with the keys of jeya-maria-jose/UNeXt-pytorch, and UNeXt_S, which is narrower. */
export const UNeXt = {
  id: 'unext',
  stems: [first(0)],
  network(shapes: Shapes) {
    const widths = STANDARD.map((standard, index) => sizeIn(shapes, first(index), 0, standard));
    const classes = sizeIn(shapes, 'final.weight', 0, 1);
    return networkOf({
      backbone: 'unext',
      inputChannels: sizeIn(shapes, first(0), 1, 3),
      features: (input, weights) => encode(input, weights, widths),
      own: {
        classes,
        multiple: 32,
        logits: (skips, weights) =>
          conv2d(decode(valuesOf(skips), weights), weights.scope('final'), classes, 1),
      },
    });
  },
} satisfies Backbone;
