import { ints, intsOf } from '../attribute.js';
import { floorDivideDim, multiplyDims, numbers, sameDim } from '../dim.js';
import { apply } from '../op.js';
import { Conv } from '../ops/conv.js';
import { depthToSpace } from '../ops/layout.js';
import type { Rule } from '../rewrite.js';
import { elementCount, float32Values } from '../tensor.js';
import { computed } from './computed.js';
import { convolutionEnd, ended } from './convolution-ends.js';

/** Smaller images take no time, and deep layers many weights: a wider window has seven times as many. */
const MIN_PIXELS = 64 * 64;

/** Four times as many channels fill the 16 that runtimes compute together. */
const MOST = 4;
const BLOCK = 2;

/**
 * A convolution with few output channels computes 2 x 2 places at once, as four times as many channels of a convolution with stride 2
 * whose window is larger by one: runtimes compute 16 channels at a time and would throw most of them away.
 */
export const thinConvolutions: Rule = (node, graph) => {
  const end = convolutionEnd(node, graph);
  // DepthToSpace orders channels otherwise before.
  if (end === undefined || graph.opset < 11) return;
  const { inputs, attributes } = end.convolution;
  const [input = '', weightName = '', biasName = ''] = inputs;
  const [x, weight, bias] = [graph.value(input), graph.constant(weightName), graph.constant(biasName)];
  const [out = 0, channels = 0, height = 1, width = 1, ...more] = weight?.dims ?? [];
  if (x === undefined || weight === undefined || more.length > 0 || weight.dims.length !== 4) return;
  if (out > MOST || channels < 8 || (height === 1 && width === 1)) return;
  const pads = intsOf(attributes, 'pads', [0, 0, 0, 0]);
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const isSame = top + bottom === height - 1 && left + right === width - 1;
  if (!isSame || intsOf(attributes, 'strides', [1, 1]).some((stride) => stride !== 1)) return;
  const sizes = numbers(x.shape.slice(2));
  if (sizes !== undefined && elementCount(sizes) < MIN_PIXELS) return;
  const isEven = x.shape
    .slice(2)
    .every((dim) => sameDim(multiplyDims(floorDivideDim(dim, BLOCK), BLOCK), dim));
  if (!isEven) return;
  const [tall, wide] = [height + BLOCK - 1, width + BLOCK - 1];
  const places = BLOCK * BLOCK;
  const newWeight = computed([out * places, channels, tall, wide], () => {
    const [from, to] = [float32Values(weight), new Float32Array(out * places * channels * tall * wide)];
    for (let o = 0; o < out; o++)
      for (let place = 0; place < places; place++)
        for (let c = 0; c < channels; c++)
          for (let i = 0; i < height; i++)
            for (let j = 0; j < width; j++) {
              const row = i + Math.floor(place / BLOCK);
              const column = j + (place % BLOCK);
              to[(((o * places + place) * channels + c) * tall + row) * wide + column] =
                from[((o * channels + c) * height + i) * width + j] ?? 0;
            }
    return to;
  });
  const newBias =
    bias &&
    computed([out * places], () => {
      const values = float32Values(bias);
      return Float32Array.from({ length: out * places }, (_, at) => values[Math.floor(at / places)] ?? 0);
    });
  const convolved = apply(
    Conv,
    [x, graph.weight(weightName, newWeight), newBias && graph.weight(biasName, newBias)],
    {
      kernel_shape: ints([tall, wide]),
      pads: ints(pads),
      strides: ints([BLOCK, BLOCK]),
    },
  );
  return depthToSpace(ended(end, convolved, graph), BLOCK);
};
