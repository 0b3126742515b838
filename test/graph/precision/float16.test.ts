import { describe, expect, it } from '@jest/globals';
import { inferTypes } from '../../../graph/analysis/infer.js';
import { float, ints } from '../../../graph/ir/attribute.js';
import type { Model } from '../../../graph/ir/model.js';
import { apply } from '../../../graph/ir/op.js';
import { float32Tensor } from '../../../graph/ir/tensor.js';
import { initializer, type Value } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { conv } from '../../../graph/ops/conv.js';
import { add, div, max, mul, sub } from '../../../graph/ops/elementwise.js';
import { matMul } from '../../../graph/ops/matmul.js';
import { batchNormalization } from '../../../graph/ops/normalization.js';
import { AveragePool, globalAveragePool } from '../../../graph/ops/pool.js';
import { ReduceMax, ReduceMean } from '../../../graph/ops/reduce.js';
import { reshape } from '../../../graph/ops/reshape.js';
import { resizeLinear } from '../../../graph/ops/resize.js';
import { clip, LeakyRelu, relu, sigmoid, silu, softmax, sqrt } from '../../../graph/ops/unary.js';
import { halfPrecision } from '../../../graph/precision/float16.js';
import { handmade, modelOf, node, run } from '../../support/graph.js';
import { convolved, filled, image, relativeError, weight } from '../../support/rewritten.js';

const dims = [1, 3, 8, 8];
const x = image('x', ...dims);
const same = { kernel: [3, 3], pads: [1, 1, 1, 1] };
const whole = (value: number) => filled([1, 1, 1, 1], [value]);
const over = (axes: readonly number[]) => ({ axes: ints(axes) });
/** Values from 0.5 to 1.5: typical, and far from black. */
const typical = { dims, data: Float32Array.from({ length: 192 }, (_, at) => 1 + Math.sin(at) / 2) };
const black = { dims, data: new Float32Array(192) };

const mask = (features: Value) => sigmoid(convolved(features, 'head', { channels: 1 }));
const start = (value = x, name = 'a') => relu(convolved(value, name, { channels: 8, ...same }));

/** In float16 as far as it may be, seen on typical values alone. */
function withPrecision(model: Model, seen = typical): Promise<Model> {
  return halfPrecision(model, async (observed, take) => {
    const outputs = Object.entries(await run(observed, { x: seen }));
    take({
      x: seen.data,
      ...Object.fromEntries(outputs.map(([name, { data }]) => [name, Float32Array.from(data)])),
    });
  });
}

/** How often each operator computes in half precision. */
function halves(model: Model): Readonly<Record<string, number>> {
  const types = inferTypes(model);
  const found: Record<string, number> = {};
  for (const { opType, inputs, outputs } of model.graph.nodes) {
    const isHalf = [...inputs.slice(0, 1), ...outputs].every((name) => types.get(name)?.dtype === 'float16');
    if (isHalf) found[opType] = (found[opType] ?? 0) + 1;
  }
  return found;
}

/** What is compared on typical values, and on black, which nobody was shown. */
async function expectSame(before: Model, tolerance = 2e-3): Promise<Model> {
  const after = await withPrecision(before);
  for (const feed of [typical, black]) {
    const [expected, found] = [await run(before, { x: feed }), await run(after, { x: feed })];
    for (const [name, { data }] of Object.entries(expected)) {
      expect(data.every(Number.isFinite)).toBe(true);
      expect(relativeError(found[name]?.data ?? [], data)).toBeLessThan(tolerance);
    }
  }
  return after;
}

describe('a constant that a half cannot hold keeps what it is for, also on a black image', () => {
  const deviation = (value: Value) => sqrt(apply(ReduceMean, [mul(value, value)], over([1, 2, 3])));
  const centred = sub(x, apply(ReduceMean, [x], over([1, 2, 3])));
  const largest = apply(ReduceMax, [x], over([1, 2, 3]));
  const cases: Readonly<Record<string, Value>> = {
    'an epsilon beside a standard deviation': div(centred, add(deviation(centred), whole(1e-8))),
    'the least of a largest value': div(x, max(largest, whole(1e-9))),
    'a lower bound of Clip': div(x, clip(largest, 1e-9, 3e38)),
    'an epsilon that is moved, resized and scaled before it divides': div(
      resizeLinear(x, [2, 2], 'half_pixel'),
      mul(resizeLinear(concat([add(x, whole(1e-8))], 1), [2, 2], 'half_pixel'), whole(2)),
    ),
    'an epsilon below a root': div(x, sqrt(add(mul(x, x), whole(1e-12)))),
    'a millionth and a million': mul(relu(mul(x, whole(1e-7))), whole(1e7)),
    'a number beyond the largest half': div(mul(x, whole(1e6)), whole(1e6)),
    'a constant divisor that is tiny for one channel': div(
      mul(x, whole(1e-6)),
      filled([1, 3, 1, 1], [1, 1e-6, 1]),
    ),
    'an average of squares beside the square of the average': div(
      x,
      sqrt(add(relu(sub(pooled(mul(x, x), 3), mul(pooled(x, 3), pooled(x, 3)))), whole(1e-10))),
    ),
    'a slope': div(x, add(apply(LeakyRelu, [mul(x, -1)], { alpha: float(1e-6) }), whole(-1e-6))),
  };
  it.each(Object.entries(cases))('%s', async (name, value) => {
    await expectSame(modelOf([x], { y: mask(start(value)) }), name.startsWith('an average') ? 0.02 : 2e-3);
  });

  it('as a Constant node, and as one that fills a shape', async () => {
    const value = (tensor: number) => ({
      value: { type: 'tensor', value: float32Tensor([1], [tensor]) } as const,
    });
    const nodes = [
      node('Constant', [], ['epsilon'], value(1e-8)),
      node('Shape', ['x'], ['shape']),
      node('ConstantOfShape', ['shape'], ['tiny'], value(1e-8)),
      node('Add', ['x', 'epsilon'], ['one']),
      node('Add', ['x', 'tiny'], ['two']),
      node('Div', ['x', 'one'], ['y']),
      node('Div', ['x', 'two'], ['z']),
    ];
    const type = { dtype: 'float32', shape: dims } as const;
    await expectSame(
      handmade({ nodes, inputs: [{ name: 'x', type }], outputs: ['y', 'z'].map((name) => ({ name, type })) }),
    );
  });

  it('the epsilon of a normalisation', async () => {
    const named = (name: string, ...values: number[]) => initializer(name, float32Tensor([3], values));
    const statistics = [named('m', 0, 0, 0), named('v', 1e-9, 1, 1e6)] as const;
    const y = batchNormalization(x, named('g', 1, 1, 1), named('b', 0, 0, 0), ...statistics, 1e-8);
    expect(halves(await expectSame(modelOf([x], { y: mask(start(y)) })))).not.toHaveProperty(
      'BatchNormalization',
    );
  });
});

function pooled(value: Value, side: number): Value {
  const margin = (side - 1) / 2;
  return apply(AveragePool, [value], {
    kernel_shape: ints([side, side]),
    pads: ints([margin, margin, margin, margin]),
  });
}

describe('weights', () => {
  const kernel = (name: string, values: (at: number) => number) =>
    initializer(
      name,
      float32Tensor(
        [8, 3, 1, 1],
        Array.from({ length: 24 }, (_, at) => values(at)),
      ),
    );
  const layer = async (values: (at: number) => number) => {
    const after = await withPrecision(
      modelOf([x], { y: mask(relu(conv(x, kernel('w', values), undefined, {}))) }),
    );
    return halves(after).Conv;
  };

  it('may underflow beside larger ones of their filter, or where all of a filter is switched off', async () => {
    expect(await layer((at) => (at % 3 === 0 ? 0.5 : 1e-9))).toBe(2);
    expect(await layer((at) => (at < 3 ? 1e-20 : 0.5))).toBe(2);
  });

  it('may not where a filter loses its size, nor overflow', async () => {
    expect(await layer((at) => (at < 3 ? 1e-6 : 0.5))).toBe(1);
    // What is behind reads values that are too small, or too large.
    expect(await layer(() => 1e-20)).toBeUndefined();
    expect(await layer((at) => (at === 0 ? 1e5 : 0.5))).toBeUndefined();
  });

  it('of a sum in float32 are halves in the file all the same, and shared ones are stored once', async () => {
    const features = start();
    const large = convolved(mul(features, whole(1e5)), 'large', { channels: 16, ...same });
    const shared = weight('shared', 16, 8, 3, 3);
    const twice = concat(
      [features, relu(features)].map((value) => conv(value, shared, undefined, { pads: same.pads })),
      1,
    );
    const { initializers } = (await withPrecision(modelOf([x], { y: large, z: twice }))).graph;
    expect(initializers.get('large.weight')).toMatchObject({ dtype: 'float16' });
    expect([...initializers.keys()].filter((name) => name.startsWith('shared'))).toEqual(['shared']);
  });
});

describe('long sums stay in float32, and so does what is told apart by them', () => {
  const wide = start();
  const pixels = (value: Value) => reshape(value, [8, 64]);
  const long = image('x', 1, 3, 64, 64);
  const cases: Readonly<Record<string, [Value, string, number?]>> = {
    'the mean of an image': [mul(wide, globalAveragePool(wide)), 'GlobalAveragePool'],
    'an average of a large window': [
      apply(AveragePool, [wide], { kernel_shape: ints([8, 8]), pads: ints([4, 4, 3, 3]) }),
      'AveragePool',
      1,
    ],
    'one of a larger window': [
      apply(AveragePool, [wide], { kernel_shape: ints([9, 9]), pads: ints([4, 4, 4, 4]) }),
      'AveragePool',
    ],
    'a softmax over pixels': [reshape(softmax(pixels(wide), 1), [1, 8, 8, 8]), 'Softmax'],
    'a square': [mul(wide, wide), 'Mul'],
    'a quotient of features': [div(wide, add(wide, whole(1))), 'Div'],
    'how far values are from a mean': [sub(wide, apply(ReduceMean, [wide], over([1]))), 'Sub'],
  };
  it.each(Object.entries(cases))('%s', async (_, [value, operator, count]) => {
    const after = await expectSame(modelOf([x], { y: mask(value) }));
    expect(halves(after)[operator]).toBe(count);
    expect(halves(after).Conv).toBe(2);
  });

  it('a product of thousands of terms, but not one of fewer', async () => {
    const product = (columns: number) => {
      const rows = reshape(start(long), [8, 4096]);
      const some =
        columns === 4096 ? rows : matMul(rows, filled([4096, columns], Array(4096 * columns).fill(1e-3)));
      return matMul(
        some,
        filled(
          [columns, 8],
          Array.from({ length: columns * 8 }, (_, at) => Math.sin(at)),
        ),
      );
    };
    const seen = {
      dims: [1, 3, 64, 64],
      data: Float32Array.from({ length: 3 * 4096 }, (_, at) => 1 + Math.sin(at) / 2),
    };
    expect(halves(await withPrecision(modelOf([long], { y: product(4096) }), seen)).MatMul).toBeUndefined();
    expect(halves(await withPrecision(modelOf([long], { y: product(16) }), seen)).MatMul).toBe(1);
  });
});

it.each([
  ['above a quarter of the largest half', 30_000, true],
  ['above half of it', 40_000, false],
  ['three times the least half that is exact', 3 * 2 ** -14, true],
  ['not twice that', 1.5 * 2 ** -14, false],
])('what reaches %s: other images may reach twice as far', async (_, reached, isHalf) => {
  const scaled = relu(mul(start(), whole(1)));
  const seen = Math.max(...((await run(modelOf([x], { y: scaled }), { x: typical })).y?.data ?? []));
  const features = relu(mul(start(), whole(reached / seen)));
  const { Relu } = halves(await withPrecision(modelOf([x], { y: mask(features) })));
  expect(Relu ?? 0).toBe(isHalf ? 2 : 1);
});

it('of a head alone the sigmoid stays in float32, not that of a SiLU or a gate', async () => {
  const features = start();
  const gated = mul(features, sigmoid(convolved(features, 'gate', { channels: 8 })));
  const after = await expectSame(modelOf([x], { y: mask(silu(gated)) }));
  expect(halves(after).Sigmoid).toBe(2);
});

it('a graph of more values than a runtime could hand over is refused before it is run', async () => {
  const names = Array.from({ length: 20_001 }, (_, at) => `y${at}`);
  const model = handmade({
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1] } }],
    nodes: names.map((name) => node('Relu', ['x'], [name])),
    outputs: [{ name: 'y0' }],
  });
  const run = () => {
    throw new Error('it was run');
  };
  await expect(halfPrecision(model, run)).rejects.toMatchObject({
    code: 'BAD_MODEL',
    message: expect.stringMatching(
      /^it has 20001 values in float32, and what float16 would lose is checked for 20000 at most/,
    ),
  });
});

it('so is one of an opset that tells types by their names', async () => {
  const old = { ...handmade({}), opsets: new Map([['', 5]]) };
  await expect(halfPrecision(old, async () => {})).rejects.toMatchObject({
    code: 'BAD_MODEL',
    message: 'fp16 needs opset 6, the model has 5: export it with a later one',
  });
});
