import { at } from '../../graph/common/at.js';
import { badUsage } from '../../graph/common/errors.js';
import { numbers, subtractDims } from '../../graph/ir/dim.js';
import { int64List, scope, type Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { sub } from '../../graph/ops/elementwise.js';
import { pad } from '../../graph/ops/pad.js';
import { shapeOf } from '../../graph/ops/shape.js';
import { channelsOf, conv2d, doubleConv, doublingConvTranspose2d, upsampleBilinear } from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import { type Backbone, type Network, networkOf, type Skip, sizeIn, valuesOf } from './backbone.js';
import { contract, widthsIn } from './contracting.js';

/** How the network's own decoder doubles its resolution. */
type Upsampling = 'bilinear' | 'transposed';

/** Where the modules of a version have their convolutions. */
interface Names {
  /** A double convolution's Sequential of six. */
  readonly double: string;
  /** A level's pooling, 0, and double convolution, 1. */
  readonly down: string;
  /** The input's double convolution. */
  readonly inc: string;
}

/** Those since October 2019, which the nmODE release has as well, and those before. */
const NAMES: Names = { double: 'double_conv', down: 'maxpool_conv', inc: 'inc' };
const NAMES_BEFORE: Names = { double: 'conv', down: 'mpconv', inc: 'inc.conv' };

/** Channels between the two convolutions of a block, and behind them. */
type BlockWidths = readonly [between: number, out: number];

interface UNetVariant {
  readonly names: Names;
  /** Channels of the levels, shallow to deep. */
  readonly widths: readonly number[];
  /** Whether convolutions before a BatchNorm have a bias. */
  readonly bias: boolean;
  readonly upsampling: Upsampling;
  /** Of the block that joins a level, by its place from deep to shallow. */
  upWidths(step: number): BlockWidths;
  /** Channels that a transposed convolution leaves; absent where there is none. */
  doubledWidth(step: number): number | undefined;
  readonly classes: number;
}

/**
 * The U-Net of milesial/Pytorch-UNet, in all its versions, one of which the nmODE release builds on: double convolutions `inc` and
 * `down1` to `downL-1`, each but the first behind a maximum pooling of 2; its own decoder is `up1` to `upL-1`. The versions differ
 * in names, biases and widths, all of which a state dict tells.
 */
function unet(inputChannels: number, variant: UNetVariant): Network {
  return networkOf({
    backbone: 'unet',
    inputChannels,
    features: (input, weights) => encode(input, weights, variant),
    own: {
      classes: variant.classes,
      multiple: 1,
      variant: { upsampling: variant.upsampling },
      trainedOn: "Pytorch-UNet's own training code divides by 255 (unit)",
      logits: (skips, weights) =>
        conv2d(decode(skips, weights, variant), weights.scope('outc.conv'), variant.classes, 1),
    },
  });
}

function encode(input: Value, weights: Weights, { names, widths, bias }: UNetVariant): readonly Value[] {
  const down = (level: number) => weights.scope(`down${level}.${names.down}`);
  const inc = weights.scope(names.inc);
  return contract(
    input,
    (level) => down(level).scope('0'),
    widths,
    (x, level, width) =>
      doubleConv(x, level === 0 ? inc : down(level).scope('1'), width, names.double, { bias }),
  );
}

/** `upI`: double the deeper feature, bring it to the skip's size, join the two (skip first), convolve. */
function decode(skips: readonly Skip[], weights: Weights, variant: UNetVariant): Value {
  const { names, bias } = variant;
  const levels = valuesOf(skips);
  return levels.reduceRight((deeper, skip, level) => {
    const step = levels.length - 1 - level;
    const up = weights.scope(`up${step}`);
    const joined = scope(up.path, () => concat([skip, padTo(double(deeper, up, variant, step), skip)], 1));
    return doubleConv(joined, up.scope('conv'), variant.upWidths(step), names.double, { bias });
  });
}

function double(x: Value, weights: Weights, { upsampling, doubledWidth }: UNetVariant, step: number): Value {
  return upsampling === 'bilinear'
    ? upsampleBilinear(x, weights, 2, true)
    : doublingConvTranspose2d(x, weights.scope('up'), doubledWidth(step) ?? channelsOf(x));
}

/**
 * Pads x with zeros to the size of `like`, which is at most one pixel larger: pooling dropped an odd last one. The
 * release puts floor(difference / 2) = 0 pixels before and the rest after.
 */
function padTo(x: Value, like: Value): Value {
  const known = numbers(like.shape.slice(2).map((dim, axis) => subtractDims(dim, at(x.shape, axis + 2))));
  if (known?.every((difference) => difference === 0)) return x;
  if (known !== undefined) return pad(x, int64List([0, 0, 0, 0, 0, 0, ...known]));
  if (channelsOf(x) !== channelsOf(like)) {
    throw badUsage('open sizes need the two deepest levels to be equally wide: give `size`');
  }
  return pad(x, concat([int64List([0, 0, 0, 0]), sub(shapeOf(like), shapeOf(x))], 0));
}

/** The release's: the deepest level is no wider than the one above it. */
const standardWidths = (width: number) => [1, 2, 4, 8, 8].map((factor) => factor * width);

/** The first convolution. */
const firstOf = ({ inc, double }: Names) => `${inc}.${double}.0`;

/** What the shapes tell, and the release's form where they tell nothing. */
function variantOf(shapes: Shapes, standard = standardWidths(64)): UNetVariant {
  const names = shapes.has(`${firstOf(NAMES_BEFORE)}.weight`) ? NAMES_BEFORE : NAMES;
  const first = (level: number) => {
    const block = level === 0 ? names.inc : `down${level}.${names.down}.1`;
    const weight = (index: number) => `${block}.${names.double}.${index}.weight`;
    // The norm behind a convolution that is missing has as many channels.
    return shapes.has(weight(0)) ? weight(0) : weight(1);
  };
  const widths = widthsIn(shapes, first, standard);
  const sizeOfUp = (step: number, key: string, axis: number, otherwise: number) =>
    sizeIn(shapes, `up${step}.${key}.weight`, axis, otherwise);
  return {
    names,
    widths,
    bias: !shapes.has(first(0)) || shapes.has(`${firstOf(names)}.bias`),
    upsampling: shapes.has('up1.up.weight') ? 'transposed' : 'bilinear',
    upWidths(step) {
      // The release's block leaves as many channels as the next skip has.
      const next = at(widths, Math.max(0, widths.length - 2 - step));
      const out = sizeOfUp(step, `conv.${names.double}.3`, 0, next);
      return [sizeOfUp(step, `conv.${names.double}.0`, 0, next), out];
    },
    doubledWidth: (step) => shapes.get(`up${step}.up.weight`)?.[1],
    classes: sizeIn(shapes, 'outc.conv.weight', 0, 1),
  };
}

export const UNet = {
  id: 'unet',
  stems: [NAMES, NAMES_BEFORE].map((names) => `${firstOf(names)}.weight`),
  network(shapes: Shapes) {
    const variant = variantOf(shapes);
    return unet(sizeIn(shapes, `${firstOf(variant.names)}.weight`, 1, 3), variant);
  },
  ofWidth: (width: number) => unet(3, variantOf(new Map(), standardWidths(width))),
} satisfies Backbone;
