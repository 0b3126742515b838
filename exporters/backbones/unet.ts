import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import { numbers, subtractDims } from '../../graph/ir/dim.js';
import { int64Tensor } from '../../graph/ir/tensor.js';
import { constant, scope, type Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { sub } from '../../graph/ops/elementwise.js';
import { pad } from '../../graph/ops/pad.js';
import { shapeOf } from '../../graph/ops/shape.js';
import { channelsOf, conv2d, doubleConv, doublingConvTranspose2d, upsampleBilinear } from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import { type Backbone, type Network, networkOf, type OwnDecoder, type Skip, sizeIn } from './backbone.js';
import { contract, widthsIn } from './contracting.js';

/** How the network's own decoder doubles its resolution. */
type Upsampling = 'bilinear' | 'transposed';

/**
 * The U-Net of the nmODE release: double convolutions `inc` and `down1` to `downL-1`, each but the first behind a
 * maximum pooling of 2; its own decoder is `up1` to `upL-1`.
 * @param widths channels of the levels, shallow to deep; the release's are w, 2w, 4w, 8w, 8w
 */
export function unet(
  inputChannels: number,
  widths: readonly number[],
  upsampling: Upsampling = 'bilinear',
  classes = 1,
): Network {
  return networkOf({
    backbone: 'unet',
    inputChannels,
    features: (input, weights) => encode(input, weights, widths),
    own: ownDecoder(upsampling, classes),
  });
}

function encode(input: Value, weights: Weights, widths: readonly number[]): readonly Value[] {
  const down = (level: number) => weights.scope(`down${level}.maxpool_conv`);
  return contract(
    input,
    (level) => down(level).scope('0'),
    widths,
    (x, level, width) => doubleConv(x, level === 0 ? weights.scope('inc') : down(level).scope('1'), width),
  );
}

function ownDecoder(upsampling: Upsampling, classes: number): OwnDecoder {
  return {
    classes,
    multiple: 1,
    form: { upsampling },
    logits: (skips, weights) =>
      conv2d(decode(skips, weights, upsampling), weights.scope('outc.conv'), classes, 1),
  };
}

/** `upI`: double the deeper feature, bring it to the skip's size, join the two (skip first), convolve. */
function decode(skips: readonly Skip[], weights: Weights, upsampling: Upsampling): Value {
  const levels = skips.map(({ value }) => value);
  return levels.reduceRight((deeper, skip, level) => {
    const up = weights.scope(`up${levels.length - 1 - level}`);
    const joined = scope(up.path, () => concat([skip, padTo(double(deeper, up, upsampling), skip)], 1));
    // The block leaves as many channels as the next skip has.
    const next = level === 0 ? skip : at(levels, level - 1);
    return doubleConv(joined, up.scope('conv'), channelsOf(next));
  });
}

function double(x: Value, weights: Weights, upsampling: Upsampling): Value {
  return upsampling === 'bilinear'
    ? upsampleBilinear(x, weights, 2, true)
    : doublingConvTranspose2d(x, weights.scope('up'), channelsOf(x));
}

/**
 * Pads x with zeros to the size of `like`, which is at most one pixel larger: pooling dropped an odd last one. The
 * release puts floor(difference / 2) = 0 pixels before and the rest after.
 */
function padTo(x: Value, like: Value): Value {
  const known = numbers(like.shape.slice(2).map((dim, axis) => subtractDims(dim, at(x.shape, axis + 2))));
  if (known?.every((difference) => difference === 0)) return x;
  if (known !== undefined) return pad(x, constant(int64Tensor([8], [0, 0, 0, 0, 0, 0, ...known])));
  if (channelsOf(x) !== channelsOf(like)) {
    throw new NmodeError(
      'BAD_USAGE',
      'open sizes need the two deepest levels to be equally wide: give `size`',
    );
  }
  const nothing = constant(int64Tensor([4], [0, 0, 0, 0]));
  return pad(x, concat([nothing, sub(shapeOf(like), shapeOf(x))], 0));
}

const convWeight = (level: number) =>
  `${level === 0 ? 'inc' : `down${level}.maxpool_conv.1`}.double_conv.0.weight`;

/** The release's: the deepest level is no wider than the one above it. */
const standardWidths = (width: number) => [1, 2, 4, 8, 8].map((factor) => factor * width);

export const UNet = {
  id: 'unet',
  network(shapes: Shapes) {
    return unet(
      sizeIn(shapes, convWeight(0), 1, 3),
      widthsIn(shapes, convWeight, standardWidths(64)),
      shapes.has('up1.up.weight') ? 'transposed' : 'bilinear',
      sizeIn(shapes, 'outc.conv.weight', 0, 1),
    );
  },
  ofWidth: (width: number) => unet(3, standardWidths(width)),
} satisfies Backbone;
