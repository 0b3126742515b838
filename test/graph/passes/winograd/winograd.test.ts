import { describe, expect, it } from '@jest/globals';
import { check } from '../../../../graph/analysis/check.js';
import { string } from '../../../../graph/ir/attribute.js';
import { symbol } from '../../../../graph/ir/dim.js';
import { relu } from '../../../../graph/ops/unary.js';
import { algorithmOf, type Target } from '../../../../graph/passes/winograd/cost.js';
import { ALGORITHMS, type AlgorithmId, winograd } from '../../../../graph/passes/winograd/winograd.js';
import { rewrite } from '../../../../graph/rewriting/rewrite.js';
import { grid, modelOf, run } from '../../../support/graph.js';
import {
  attributed,
  convolved,
  expectRefuses,
  image,
  operatorsOf,
  overridable,
  random,
  relativeError,
} from '../../../support/rewritten.js';

const always = { algorithmOf: () => 'planes' as const };
const same = { channels: 3, kernel: [3, 3], pads: [1, 1, 1, 1] };

interface Sizes {
  readonly batch: number;
  readonly channels: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
}

/** The convolution by its definition, in double, of the seeded input and weights. */
function direct(
  { batch, channels, outputs, height, width }: Sizes,
  bias: boolean,
  hasRelu: boolean,
): number[] {
  const x = random('x', [batch, channels, height, width]);
  const weights = random('c.weight', [outputs, channels, 3, 3]);
  const biases = bias ? random('c.bias', [outputs]) : new Float32Array(outputs);
  const result: number[] = [];
  const at = (plane: number, row: number, column: number) =>
    row < 0 || column < 0 || row >= height || column >= width
      ? 0
      : (x[(plane * height + row) * width + column] ?? 0);
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outputs; o++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          let sum = biases[o] ?? 0;
          for (let c = 0; c < channels; c++)
            for (let i = 0; i < 9; i++) {
              const pixel = at(n * channels + c, row + Math.floor(i / 3) - 1, column + (i % 3) - 1);
              sum += pixel * (weights[(o * channels + c) * 9 + i] ?? 0);
            }
          result.push(hasRelu ? Math.max(sum, 0) : sum);
        }
  return result;
}

const forms = Object.keys(ALGORITHMS) as AlgorithmId[];

describe.each(
  forms.flatMap((form) => [
    { form, precompute: false },
    { form, precompute: true },
  ]),
)('%j', ({ form, precompute }) => {
  it('computes what the direct convolution does, in double', async () => {
    const sizes = [
      { batch: 1, channels: 1, outputs: 1, height: 4, width: 4 },
      { batch: 2, channels: 3, outputs: 5, height: 7, width: 10 },
      { batch: 3, channels: 20, outputs: 2, height: 8, width: 3 },
      { batch: 1, channels: 17, outputs: 20, height: 1, width: 9 },
      { batch: 2, channels: 4, outputs: 16, height: 12, width: 1 },
      { batch: 1, channels: 2, outputs: 3, height: 1, width: 1 },
      { batch: 3, channels: 5, outputs: 7, height: 13, width: 6 },
      // As onnxruntime's kernels hold channels together.
      { batch: 2, channels: 16, outputs: 32, height: 9, width: 5 },
      { batch: 1, channels: 32, outputs: 16, height: 17, width: 4 },
      { batch: 1, channels: 16, outputs: 16, height: 1, width: 1 },
    ];
    for (const size of sizes) {
      for (const { bias, end } of grid({ bias: [0, 1], end: [0, 1] })) {
        const { batch, channels, outputs, height, width } = size;
        const dims = [batch, channels, height, width];
        const x = image('x', ...dims);
        const y = convolved(x, 'c', { ...same, channels: outputs, bias: bias === 1 });
        const { model, changes } = rewrite(
          modelOf([x], { out: end === 1 ? relu(y) : y }),
          winograd({ algorithmOf: () => form, precompute }),
        );
        check(model);
        expect(changes).toBe(1);
        const { out } = await run(model, { x: { dims, data: random('x', dims) } });
        expect(out?.dims).toEqual([batch, outputs, height, width]);
        expect(relativeError(out?.data ?? [], direct(size, bias === 1, end === 1))).toBeLessThan(1e-4);
      }
    }
  });
});

it('stores what it is told to: the filters, or their 36 factors', () => {
  const x = image('x', 1, 8, 8, 8);
  const model = modelOf([x], { out: convolved(x, 'c', same) });
  const dimsOf = (precompute: boolean) =>
    rewrite(model, winograd({ ...always, precompute })).model.graph.initializers.get('c.weight')?.dims;
  expect(dimsOf(false)).toEqual([3, 8, 3, 3]);
  expect(dimsOf(true)).toEqual([1, 36, 3, 8]);
});

it('is asked about every layer, by its sizes', () => {
  const x = image('x', 2, 8, 6, 5);
  const asked: unknown[] = [];
  const model = modelOf([x], { out: relu(convolved(relu(convolved(x, 'a', same)), 'b', same)) });
  const rule = winograd({ algorithmOf: (layer) => (asked.push(layer) === 2 ? 'planes' : undefined) });
  expect(operatorsOf(rewrite(model, rule).model)).toMatchObject({ Conv: 3, ConvTranspose: 1, Relu: 2 });
  const size = { batch: 2, outputs: 3, height: 6, width: 5 };
  expect(asked).toEqual([
    { ...size, channels: 8 },
    { ...size, channels: 3 },
  ]);
});

describe('it stays', () => {
  const x = image('x', 1, 8, 8, 8);
  const model = modelOf([x], { out: convolved(x, 'c', same) });

  it.each([
    { strides: [2, 2] },
    { strides: [1, 2] },
    { pads: [0, 0, 0, 0] },
    { pads: [1, 1, 1, 2] },
    { dilations: [2, 2] },
    { channels: 4, group: 2 },
    { kernel: [1, 1], pads: [0, 0, 0, 0] },
    { kernel: [3, 1] },
    { kernel: [5, 5], pads: [1, 1, 1, 1] },
    { transposed: true },
  ])('%j', (other) => {
    expectRefuses(modelOf([x], { out: convolved(x, 'c', { ...same, ...other }) }), winograd(always));
  });

  it('along one axis and three', () => {
    for (const rank of [1, 3]) {
      const all = <T>(value: T) => Array<T>(rank).fill(value);
      const taken = image('x', 1, 2, ...all(6));
      const y = convolved(taken, 'c', { channels: 2, kernel: all(3), pads: [...all(1), ...all(1)] });
      expectRefuses(modelOf([taken], { out: y }), winograd(always));
    }
  });

  it('of open sizes', () => {
    for (const shape of [
      [symbol('N'), 8, 8, 8],
      [1, 8, symbol('H'), 8],
    ]) {
      const open = image('x', ...shape);
      expectRefuses(modelOf([open], { out: convolved(open, 'c', same) }), winograd(always));
    }
  });

  it('where it does not pay, weights may be given, or padding is not told', () => {
    expectRefuses(model, winograd({ algorithmOf: () => undefined }));
    expectRefuses(overridable(model, 'c.weight'), winograd(always));
    expectRefuses(attributed(model, 'Conv', { auto_pad: string('SAME_UPPER') }), winograd(always));
  });

  it('where Slice is another', () => {
    expectRefuses({ ...model, opsets: new Map([['', 9]]) }, winograd(always));
  });
});

it('is chosen for the layers that it makes faster on a target, in the form that is fastest there', () => {
  const chosen = (target: Target, channels: number, outputs: number, side: number) =>
    algorithmOf(target)({ batch: 1, channels, outputs, height: side, width: side });
  // Where they were measured on either side of a limit: `npm run bench:layers`.
  for (const [channels, outputs, side, cpu, wasm] of [
    [64, 64, 256, undefined, 'separable'],
    [64, 128, 128, 'vertical', 'separable'],
    [128, 128, 128, 'vertical', 'separable'],
    [256, 256, 64, 'vertical', 'separable'],
    [260, 256, 64, 'planes', 'separable'],
    [512, 512, 32, 'planes', 'separable'],
    [512, 512, 16, 'planes', 'separable'],
    [512, 512, 8, undefined, undefined],
  ] as const) {
    expect([chosen('cpu', channels, outputs, side), chosen('wasm', channels, outputs, side)]).toEqual([
      cpu,
      wasm,
    ]);
  }
  expect(chosen('webgpu', 256, 256, 64)).toBeUndefined();
  // Where filters are stored, in the form that stores them.
  expect(algorithmOf('cpu', true)({ batch: 1, channels: 256, outputs: 256, height: 64, width: 64 })).toBe(
    'planes',
  );
});
