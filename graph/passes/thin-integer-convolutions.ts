import { at } from '../common/at.js';
import { ints, intsOf } from '../ir/attribute.js';
import { type Dim, floorDivideDim, multiplyDims, numbers, sameDim } from '../ir/dim.js';
import { apply } from '../ir/op.js';
import { computed, elementCount, float32Values, type Tensor } from '../ir/tensor.js';
import { Conv } from '../ops/conv.js';
import { depthToSpace } from '../ops/depth-to-space.js';
import type { Rule } from '../rewriting/rewrite.js';
import { convActivation, UNSTRIDED, withActivation } from './conv-activation.js';
import { type Four, four } from './four.js';
import { operandsOf } from './scale-convolution.js';

/** When a convolution computes a block of places at once. */
interface Block {
  readonly side: number;
  /** Of the convolution, at most. */
  readonly outputs: number;
  /** At least: smaller images take no time, and larger windows have many more weights, 7 and 64 times as many as 3 x 3. */
  readonly pixels: number;
}

/** To read more weights takes longer than what a block saves. */
const MAX_WEIGHTS = 2 ** 20;

/** The first that fits is taken. */
const BLOCKS: readonly Block[] = [
  { side: 4, outputs: 3, pixels: 128 * 128 },
  { side: 2, outputs: 8, pixels: 64 * 64 },
];

/**
 * A convolution with few output channels that is to run on integers computes a block of places at once, as more channels of a
 * convolution whose stride is the block's side and whose window is larger by what that skips: kernels copy each window first, of which
 * there are fewer, and compute more channels in little more time.
 */
export const thinIntegerConvolutions: Rule = (node, graph) => {
  const end = convActivation(node, graph, UNSTRIDED);
  // DepthToSpace orders channels otherwise before.
  if (end === undefined || graph.opset < 11) return;
  const { attributes } = end.convolution;
  const { x, weight, bias, weightName, biasName } = operandsOf(end.convolution, graph);
  if (weight.dims.length !== 4) return;
  const [, channels, height, width] = four(weight.dims);
  if (channels < 8 || (height === 1 && width === 1)) return;
  const pads = intsOf(attributes, 'pads', [0, 0, 0, 0]);
  const [top, left, bottom, right] = four(pads);
  const isSame = top + bottom === height - 1 && left + right === width - 1;
  if (!isSame) return;
  const side = BLOCKS.find((block) => pays(block, weight, x.shape.slice(2)))?.side;
  if (side === undefined) return;
  const larger = graph.weight(weightName, moved(weight, side));
  const biases = bias && graph.weight(biasName, repeated(bias, side * side));
  const convolved = apply(Conv, [x, larger, biases], {
    kernel_shape: ints([height + side - 1, width + side - 1]),
    pads: ints(pads),
    strides: ints([side, side]),
  });
  return depthToSpace(withActivation(end.activation, convolved, graph), side);
};

/** A bias for each place of a block. */
function repeated(bias: Tensor, places: number): Tensor {
  const length = at(bias.dims, 0) * places;
  return computed([length], (to) => {
    for (const [output, value] of float32Values(bias).entries()) {
      to.fill(value, output * places, (output + 1) * places);
    }
  });
}

/** A weight that computes blocks: for each place its kernel, moved there within a larger window. */
function moved(weight: Tensor, side: number): Tensor {
  const [out, channels, height, width] = four(weight.dims);
  const dims = enlarged(weight, side);
  const [, , tall, wide] = dims;
  const places = side * side;
  return computed(dims, (to) => {
    const from = float32Values(weight);
    to.fill(0);
    for (let plane = 0; plane < out * places * channels; plane++) {
      const [output, channel] = [Math.floor(plane / channels), plane % channels];
      const place = output % places;
      const source = (Math.floor(output / places) * channels + channel) * height * width;
      const corner = (plane * tall + Math.floor(place / side)) * wide + (place % side);
      for (let row = 0; row < height; row++) {
        const begin = source + row * width;
        to.set(from.subarray(begin, begin + width), corner + row * wide);
      }
    }
  });
}

/** The sizes of a weight that computes blocks. */
function enlarged({ dims }: Tensor, side: number): Four {
  const [outputs, channels, height, width] = four(dims);
  return [outputs * side ** 2, channels, height + side - 1, width + side - 1];
}

/** For few outputs and weights, where whole blocks make up an image that is large enough, or of open sizes. */
function pays({ side, outputs, pixels }: Block, weight: Tensor, sizes: readonly Dim[]): boolean {
  const known = numbers(sizes);
  return (
    at(weight.dims, 0) <= outputs &&
    elementCount(enlarged(weight, side)) <= MAX_WEIGHTS &&
    (known === undefined || elementCount(known) >= pixels) &&
    sizes.every((size) => sameDim(multiplyDims(floorDivideDim(size, side), side), size))
  );
}
