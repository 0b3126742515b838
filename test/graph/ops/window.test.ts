import { describe, expect, it } from '@jest/globals';
import { inferTypes } from '../../../graph/analysis/infer.js';
import { int, ints, string } from '../../../graph/ir/attribute.js';
import { type Dim, symbol } from '../../../graph/ir/dim.js';
import { apply } from '../../../graph/ir/op.js';
import { initializer, input, type Value } from '../../../graph/ir/value.js';
import { conv } from '../../../graph/ops/conv.js';
import { convTranspose } from '../../../graph/ops/conv-transpose.js';
import { MaxPool, maxPool } from '../../../graph/ops/pool.js';
import { resizeLinear } from '../../../graph/ops/resize.js';
import { dimsOf, grid, modelOf, zeros } from '../../support/graph.js';

/** Odd, even and different sizes, so that no axis can stand in for another. */
const SIZES = [9, 8, 7];
const NAMES = ['D', 'H', 'W'];

type Outputs = Readonly<Record<string, Value>>;

/** One number an axis: the base on the first, other numbers of the same range on the next ones. */
function spread(base: number, rank: number, choices: readonly number[]): number[] {
  const from = choices.indexOf(base);
  return Array.from({ length: rank }, (_, axis) => choices[(from + axis) % choices.length] ?? base);
}

const KERNELS = [1, 2, 3];
const PAIR = [1, 2];

function windows(rank: number) {
  return grid({ kernel: KERNELS, stride: PAIR, pad: [0, 1], dilation: PAIR, group: PAIR }).map(
    (choice, at) => ({
      id: `case${at}`,
      kernel: spread(choice.kernel, rank, KERNELS),
      strides: spread(choice.stride, rank, PAIR),
      // More at the end than at the beginning.
      pads: [...Array(rank).fill(choice.pad), ...spread(choice.pad, rank, [0, 1, 2])],
      dilations: spread(choice.dilation, rank, PAIR),
      group: choice.group,
    }),
  );
}

function convolutions(x: Value): Outputs {
  return Object.fromEntries(
    windows(x.shape.length - 2).map(({ id, kernel, group, ...attributes }) => {
      const weight = initializer(`${id}.weight`, zeros([6, 4 / group, ...kernel]));
      return [id, conv(x, weight, initializer(`${id}.bias`, zeros([6])), { ...attributes, group })];
    }),
  );
}

function transposed(x: Value): Outputs {
  return Object.fromEntries(
    windows(x.shape.length - 2).map(({ id, kernel, group, ...attributes }) => {
      const weight = initializer(`${id}.weight`, zeros([4, 6 / group, ...kernel]));
      return [id, convTranspose(x, weight, initializer(`${id}.bias`, zeros([6])), { ...attributes, group })];
    }),
  );
}

function pools(x: Value): Outputs {
  const rank = x.shape.length - 2;
  return Object.fromEntries(
    KERNELS.map((kernel) => [`pool${kernel}`, maxPool(x, spread(kernel, rank, KERNELS))]),
  );
}

/** MaxPool with the attributes that other exporters write. */
function paddedPools(x: Value, ceil: 0 | 1): Outputs {
  const rank = x.shape.length - 2;
  const each = (value: number, count = rank) => ints(Array(count).fill(value));
  return Object.fromEntries(
    grid({ kernel: [2, 3], stride: [1, 2, 3], pad: [0, 1], dilation: PAIR }).map((choice) => [
      `kernel ${choice.kernel} stride ${choice.stride} pad ${choice.pad} dilation ${choice.dilation}`,
      apply(MaxPool, [x], {
        kernel_shape: each(choice.kernel),
        strides: each(choice.stride),
        pads: each(choice.pad, 2 * rank),
        dilations: each(choice.dilation),
        ceil_mode: int(ceil),
      }),
    ]),
  );
}

/** onnxruntime refuses SAME where a stride is larger than the kernel. */
function automaticPools(x: Value): Outputs {
  const each = (value: number) => ints(Array(x.shape.length - 2).fill(value));
  return Object.fromEntries(
    grid({ kernel: [3, 4], stride: [1, 2, 3] }).flatMap(({ kernel, stride }) =>
      ['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((mode) => [
        `${mode} ${kernel} ${stride}`,
        apply(MaxPool, [x], { kernel_shape: each(kernel), strides: each(stride), auto_pad: string(mode) }),
      ]),
    ),
  );
}

const SCALES = [0.25, 1 / 3, 0.5, 0.7, 1, 1.1, 1.3, 1.5, 2, 3, 4];

function resizes(x: Value): Outputs {
  const rank = x.shape.length - 2;
  return Object.fromEntries(
    SCALES.flatMap((scale) =>
      (['half_pixel', 'align_corners'] as const).map((mode) => [
        `${scale} ${mode}`,
        resizeLinear(x, Array(rank).fill(scale), mode),
      ]),
    ),
  );
}

const FAMILIES: [string, (x: Value) => Outputs][] = [
  ['conv', convolutions],
  ['convTranspose', transposed],
  ['maxPool', pools],
  ['MaxPool with pads and dilations', (x) => paddedPools(x, 0)],
  ['MaxPool rounded up (ceil_mode)', (x) => paddedPools(x, 1)],
  ['MaxPool of auto_pad', automaticPools],
  ['resizeLinear', resizes],
];

describe.each(FAMILIES)('%s', (_, family) => {
  it.each([1, 2, 3])('infers the sizes that onnxruntime computes, over %d spatial axes', async (rank) => {
    const sizes = [2, 4, ...SIZES.slice(0, rank)];
    const x = input('x', 'float32', sizes);
    const outputs = family(x);
    expect(shapesOf(outputs)).toEqual(await dimsOf(modelOf([x], outputs), { x: sizes }));
  });

  it.each([1, 2, 3])(
    'open sizes filled in later give the same as sizes known at once, over %d axes',
    (rank) => {
      const names = NAMES.slice(0, rank);
      const open = input('x', 'float32', [symbol('N'), 4, ...names.map((name) => symbol(name))]);
      const model = modelOf([open], family(open));
      for (const sizes of [SIZES, [64, 33, 17]]) {
        const known = { N: 2, ...Object.fromEntries(names.map((name, axis) => [name, sizes[axis] ?? 0])) };
        const types = inferTypes(model, known);
        const filled = model.graph.outputs.map(({ name }) => [name, types.get(name)?.shape]);
        const concrete = family(input('x', 'float32', [2, 4, ...sizes.slice(0, rank)]));
        expect(Object.fromEntries(filled)).toEqual(shapesOf(concrete));
      }
    },
  );
});

it('a scaled size is rounded as onnxruntime rounds it, also where the product is nearly whole', async () => {
  for (const size of [10, 30, 49]) {
    const x = input('x', 'float32', [1, 1, size]);
    const outputs = Object.fromEntries(
      [0.1, 1 / 7, 0.3, 1 / 3, 0.7, 1.1, 4 / 3, 1.4].map((scale) => [
        `${scale}`,
        resizeLinear(x, [scale], 'half_pixel'),
      ]),
    );
    const computed = await dimsOf(modelOf([x], outputs), { x: [1, 1, size] });
    expect({ size, ...shapesOf(outputs) }).toEqual({ size, ...computed });
  }
});

it('sizes that are multiples of 16 stay exact through four poolings and back', () => {
  let x = input('x', 'float32', [1, 1, symbol('H', 16), symbol('W', 16)]);
  const { shape } = x;
  for (let i = 0; i < 4; i++) x = maxPool(x, [2, 2]);
  for (let i = 0; i < 4; i++) x = resizeLinear(x, [2, 2], 'align_corners');
  expect(x.shape).toEqual(shape);
});

it('a transposed convolution of kernel 2 and stride 2 doubles an open size', () => {
  const x = input('x', 'float32', [1, 2, symbol('H', 2)]);
  const up = convTranspose(maxPool(x, [2]), initializer('w', zeros([2, 1, 2])), undefined, { strides: [2] });
  expect(up.shape).toEqual([1, 1, symbol('H', 2)]);
});

function shapesOf(outputs: Outputs): Record<string, readonly Dim[]> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { shape }]) => [name, shape]));
}
