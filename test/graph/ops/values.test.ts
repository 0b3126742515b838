import { describe, expect, it } from '@jest/globals';
import { inferTypes } from '../../../graph/analysis/infer.js';
import { symbol } from '../../../graph/ir/dim.js';
import { int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, initializer, input, scope, type Value } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { conv } from '../../../graph/ops/conv.js';
import { convTranspose } from '../../../graph/ops/conv-transpose.js';
import { add, div, mul, sub } from '../../../graph/ops/elementwise.js';
import { batchNormalization } from '../../../graph/ops/normalization.js';
import { pad } from '../../../graph/ops/pad.js';
import { maxPool } from '../../../graph/ops/pool.js';
import { resizeLinear } from '../../../graph/ops/resize.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { gelu } from '../../../graph/ops/unary.js';
import { dimsOf, modelOf, run, zeros } from '../../support/graph.js';

const H = symbol('H');
const W = symbol('W');
const of = (...shape: number[]) => initializer('w', zeros(shape));
const vector = (...values: number[]) => constant(int64Tensor([values.length], values));

describe('broadcasting', () => {
  it('gives the shapes that onnxruntime computes', async () => {
    const shapes = [[], [1], [3], [2, 1], [2, 3], [1, 1, 3], [4, 2, 1]];
    for (const left of shapes) {
      for (const right of shapes) {
        const [a, b] = [input('a', 'float32', left), input('b', 'float32', right)];
        const out = add(a, b);
        expect(await dimsOf(modelOf([a, b], { out }), { a: left, b: right })).toEqual({ out: out.shape });
      }
    }
  });

  it('an open size meets 1, itself, a number and another open size', () => {
    const a = input('a', 'float32', [H, 1, H, 5, H]);
    const b = input('b', 'float32', [1, W, H, W, W]);
    expect(add(a, b).shape).toEqual([H, W, H, 5, symbol('max(H, W)')]);
  });

  it('a coefficient is rounded once, to float32', async () => {
    const x = input('x', 'float32', [1]);
    const outputs = {
      sum: add(x, 0.1),
      difference: sub(x, 0.1),
      product: mul(x, 0.1),
      quotient: div(x, 0.1),
    };
    const results = await run(modelOf([x], outputs), { x: { dims: [1], data: Float32Array.of(3) } });
    const tenth = Math.fround(0.1);
    expect(Object.values(results).map(({ data }) => data[0])).toEqual(
      [3 + tenth, 3 - tenth, 3 * tenth, 3 / tenth].map(Math.fround),
    );
  });
});

it('gelu is the exact form: x (1 + erf(x / sqrt 2)) / 2, to float32', async () => {
  // Summed from the series of erf with 50 digits.
  const points: [number, number][] = [
    [-3, -0.0040496940948902835],
    [-1.5, -0.1002108019032871],
    [-0.75, -0.16997051428265114],
    [-0.125, -0.056282721896235885],
    [0, 0],
    [0.5, 0.34573123063700656],
    [1, 0.8413447460685429],
    [2.25, 2.2224949365261493],
    [4, 3.9998733150326675],
  ];
  const x = input('x', 'float32', [points.length]);
  const data = Float32Array.from(points, ([at]) => at);
  const { out } = await run(modelOf([x], { out: gelu(x) }), { x: { dims: [points.length], data } });
  points.forEach(([, value], at) => {
    expect(Math.abs((out?.data[at] ?? Number.NaN) - value)).toBeLessThan(3e-7);
  });
});

describe('sizes that are computed in the graph', () => {
  /** Up to the sizes of `like`, half of the rows before and half after, as PyTorch's F.pad in a U-Net. */
  function padTo(x: Value, like: Value): Value {
    const missing = sub(mul(shapeOf(like), vector(0, 0, 1, 1)), mul(shapeOf(x), vector(0, 0, 1, 1)));
    const before = div(missing, vector(2));
    return pad(x, concat([before, sub(missing, before)], 0));
  }

  it('a shape is a vector of the sizes themselves, and arithmetic on it is arithmetic on them', () => {
    const x = input('x', 'float32', [1, 2, H, W]);
    expect(shapeOf(x)).toMatchObject({ dtype: 'int64', shape: [4], content: [1, 2, H, W] });
    const joined = concat([shapeOf(x), mul(shapeOf(x), vector(2))], 0);
    expect(joined.shape).toEqual([8]);
    expect(div(joined, vector(2)).content?.slice(4)).toEqual([1, 2, H, W]);
  });

  it('an odd map, pooled, doubled and padded to its skip, has the size of the skip again', async () => {
    const x = input('x', 'float32', [1, 2, H, W]);
    const out = padTo(resizeLinear(maxPool(x, [2, 2]), [2, 2], 'half_pixel'), x);
    expect(out.shape).toEqual([1, 2, H, W]);
    const model = modelOf([x], { out });
    for (const [height, width] of [
      [7, 9],
      [8, 5],
    ] as const) {
      const { dims, data } = (await run(model, { x: [1, 2, height, width] })).out ?? { dims: [], data: [] };
      expect(dims).toEqual([1, 2, height, width]);
      expect(inferTypes(model, { H: height, W: width }).get('out')?.shape).toEqual(dims);
      // One row (or column) is missing: it comes last, and is zero.
      if (height % 2 === 1) expect(data.slice(-width)).toEqual(Array(width).fill(0));
      if (width % 2 === 1) expect(data[width - 1]).toBe(0);
    }
  });

  it('concat adds up its axis, counted from the end where negative, open or not', async () => {
    const [a, b] = [input('a', 'float32', [2, 3, H]), input('b', 'float32', [2, 3, 4])];
    const outputs = { first: concat([b, b, b], 0), last: concat([a, b], -1) };
    expect(outputs.last.shape).toMatchObject([2, 3, { offset: 4 }]);
    const model = modelOf([a, b], outputs);
    const dims = await dimsOf(model, { a: [2, 3, 5], b: [2, 3, 4] });
    const types = inferTypes(model, { H: 5 });
    for (const name of ['first', 'last']) expect(types.get(name)?.shape).toEqual(dims[name]);
  });

  it('what is too long or a matrix of sizes carries no content', () => {
    const rows = initializer('rows', int64Tensor([1, 2], [3, 4]));
    expect(concat([rows, rows], 0).content).toBeUndefined();
    expect(concat([of(40), of(40)], 0).content).toBeUndefined();
  });
});

describe('a misfit names the operator, the scope, what was expected and what was found', () => {
  const x = input('x', 'float32', [1, 4, 8, H]);
  const cases: [string, () => Value, string][] = [
    ['channels', () => conv(x, of(6, 3, 1, 1)), 'Conv in m: x has 4 channels, weight takes 3'],
    [
      'groups',
      () => conv(x, of(6, 1, 1, 1), undefined, { group: 4 }),
      'Conv in m: 6 output channels do not divide',
    ],
    ['rank', () => conv(x, of(6, 4, 1)), 'Conv in m: x [1, 4, 8, H] and weight [6, 4, 1] differ in rank'],
    ['bias', () => conv(x, of(6, 4, 1, 1), of(5)), 'Conv in m: bias is [5], expected [6]'],
    ['window', () => conv(x, of(6, 4, 9, 1)), 'Conv in m: x is too small: a window of 9 does not fit axis 2'],
    [
      'strides',
      () => conv(x, of(6, 4, 1, 1), undefined, { strides: [1] }),
      'Conv in m: kernel, strides, dilations and pads do not fit 2',
    ],
    [
      'open weight',
      () => conv(x, input('w', 'float32', [6, H, 1, 1])),
      'the type of its output cannot be inferred',
    ],
    [
      'transposed channels',
      () => convTranspose(x, of(3, 6, 2, 2)),
      'ConvTranspose in m: x has 4 channels, weight takes 3',
    ],
    [
      'transposed rank',
      () => convTranspose(x, of(4, 6, 2)),
      'ConvTranspose in m: x [1, 4, 8, H] and weight [4, 6, 2] differ',
    ],
    ['pool', () => maxPool(x, [2]), 'MaxPool in m: a window of [2] does not fit x [1, 4, 8, H]'],
    [
      'resize',
      () => resizeLinear(x, [2], 'half_pixel'),
      'Resize in m: scales has 3 entries, x is [1, 4, 8, H]',
    ],
    [
      'normalization',
      () => batchNormalization(x, of(4), of(4), of(3), of(4), 0),
      'BatchNormalization in m: mean is [3], x is',
    ],
    ['broadcast', () => add(x, of(3, 1, 1)), 'Add in m: [1, 4, 8, H] and [3, 1, 1] do not broadcast'],
    ['types', () => mul(x, vector(2)), 'Mul in m: a is float32, b is int64'],
    [
      'parts',
      () => concat([x, of(1, 4, 7, 1)], 1),
      'Concat in m: [1, 4, 8, H] and [1, 4, 7, 1] do not join on axis 1',
    ],
    ['types of parts', () => concat([of(2), vector(2)], 0), 'Concat in m: parts are float32 and int64'],
    ['axis', () => concat([x], 4), 'Concat in m: axis 4 is outside a rank of 4'],
    ['pads', () => pad(x, vector(1, 1)), 'Pad in m: pads holds 2 sizes, expected 8'],
  ];

  it.each(cases)('%s', (_, build, message) => {
    expect(() => scope('m', build)).toThrow(
      expect.objectContaining({ code: 'BAD_MODEL', message: expect.stringContaining(message) }),
    );
  });
});
