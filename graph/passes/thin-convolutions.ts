import { ints, intsOf } from '../attribute.js';
import { type Dim, floorDivideDim, multiplyDims, numbers, sameDim } from '../dim.js';
import { apply } from '../op.js';
import { Conv } from '../ops/conv.js';
import { depthToSpace, reshape, transpose } from '../ops/layout.js';
import type { Rule } from '../rewrite.js';
import { elementCount, float32Values, type Tensor } from '../tensor.js';
import type { Value } from '../value.js';
import { computed } from './computed.js';
import { convolutionEnd, ended } from './convolution-ends.js';

/** When a convolution computes a block of places at once. */
interface Block {
  readonly rows: number;
  readonly columns: number;
  /** Of the convolution, at most. */
  readonly outputs: number;
  /** At least: smaller images take no time, and larger windows have many more weights, 7 and 64 times as many as 3 x 3. */
  readonly pixels: number;
}

/** To read more weights takes longer than what a block saves. */
const MAX_WEIGHTS = 2 ** 20;

/** Kernels for floats compute 16 channels together: 4 or 2 times as many fill these. */
export const FLOAT_BLOCKS: readonly Block[] = [
  { rows: 2, columns: 2, outputs: 4, pixels: 64 * 64 },
  { rows: 2, columns: 1, outputs: 8, pixels: 64 * 64 },
];

/** Those for integers copy each window first, of which there are fewer; and more channels at once cost them less. */
export const INTEGER_BLOCKS: readonly Block[] = [
  { rows: 4, columns: 4, outputs: 3, pixels: 128 * 128 },
  { rows: 2, columns: 2, outputs: 8, pixels: 64 * 64 },
];

/**
 * A convolution with few output channels computes a block of places at once, as more channels of a convolution whose strides are the
 * block's sides and whose window is larger by what these skip: runtimes compute 16 channels at a time and would throw most of them away.
 * @param blocks of which the first that fits is taken
 */
export const thinConvolutions =
  (blocks: readonly Block[]): Rule =>
  (node, graph) => {
    const end = convolutionEnd(node, graph);
    // DepthToSpace orders channels otherwise before.
    if (end === undefined || graph.opset < 11) return;
    const { inputs, attributes } = end.convolution;
    const [input = '', weightName = '', biasName = ''] = inputs;
    const [x, weight, bias] = [graph.value(input), graph.constant(weightName), graph.constant(biasName)];
    const [, channels = 0, height = 1, width = 1, ...more] = weight?.dims ?? [];
    if (x === undefined || weight === undefined || more.length > 0 || weight.dims.length !== 4) return;
    if (channels < 8 || (height === 1 && width === 1)) return;
    const pads = intsOf(attributes, 'pads', [0, 0, 0, 0]);
    const [top = 0, left = 0, bottom = 0, right = 0] = pads;
    const isSame = top + bottom === height - 1 && left + right === width - 1;
    if (!isSame || intsOf(attributes, 'strides', [1, 1]).some((stride) => stride !== 1)) return;
    const block = blocks.find((each) => pays(each, weight, x.shape.slice(2)));
    if (block === undefined) return;
    const { rows, columns } = block;
    const larger = graph.weight(weightName, moved(weight, block));
    const biases = bias && graph.weight(biasName, repeated(bias, rows * columns));
    const convolved = apply(Conv, [x, larger, biases], {
      kernel_shape: ints([height + rows - 1, width + columns - 1]),
      pads: ints(pads),
      strides: ints([rows, columns]),
    });
    return spread(ended(end, convolved, graph), block);
  };

/** [N, outputs x places, rows, columns] of blocks to [N, outputs, H, W]. */
function spread(x: Value, { rows, columns }: Block): Value {
  if (rows === columns) return depthToSpace(x, rows);
  const [places = 0, height = 0, width = 0] = numbers(x.shape.slice(1)) ?? [];
  const apart = reshape(x, [0, places / rows, rows, height, width]);
  return reshape(transpose(apart, [0, 1, 3, 2, 4]), [0, places / rows, height * rows, width]);
}

/** A bias for each place of a block. */
function repeated(bias: Tensor, places: number): Tensor {
  const length = (bias.dims[0] ?? 0) * places;
  return computed([length], () => {
    const values = float32Values(bias);
    return Float32Array.from({ length }, (_, at) => values[Math.floor(at / places)] ?? 0);
  });
}

/** A weight that computes blocks: for each place its kernel, moved there within a larger window. */
function moved(weight: Tensor, block: Block): Tensor {
  const [out = 0, channels = 0, height = 1, width = 1] = weight.dims;
  const dims = enlarged(weight, block);
  const [, , tall = 1, wide = 1] = dims;
  const places = block.rows * block.columns;
  return computed(dims, () => {
    const [from, to] = [float32Values(weight), new Float32Array(elementCount(dims))];
    for (let plane = 0; plane < out * places * channels; plane++) {
      const [output, channel] = [Math.floor(plane / channels), plane % channels];
      const place = output % places;
      const source = (Math.floor(output / places) * channels + channel) * height * width;
      const corner = (plane * tall + Math.floor(place / block.columns)) * wide + (place % block.columns);
      for (let at = 0; at < height * width; at++) {
        to[corner + Math.floor(at / width) * wide + (at % width)] = from[source + at] ?? 0;
      }
    }
    return to;
  });
}

/** The sizes of a weight that computes blocks. */
function enlarged(
  { dims: [outputs = 0, channels = 0, height = 1, width = 1] }: Tensor,
  { rows, columns }: Block,
): readonly number[] {
  return [outputs * rows * columns, channels, height + rows - 1, width + columns - 1];
}

/** For few outputs and weights, where whole blocks make up an image that is large enough, or of open sizes if these are square. */
function pays(block: Block, weight: Tensor, sizes: readonly Dim[]): boolean {
  const { rows, columns, outputs, pixels } = block;
  const known = numbers(sizes);
  return (
    (weight.dims[0] ?? 0) <= outputs &&
    elementCount(enlarged(weight, block)) <= MAX_WEIGHTS &&
    (known === undefined ? rows === columns : elementCount(known) >= pixels) &&
    [rows, columns].every((side, at) => {
      const size = sizes[at] ?? 1;
      return sameDim(multiplyDims(floorDivideDim(size, side), side), size);
    })
  );
}
