import { describe, expect, it } from '@jest/globals';
import { string } from '../../../graph/ir/attribute.js';
import { symbol } from '../../../graph/ir/dim.js';
import { float32Tensor, int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, initializer, type Value } from '../../../graph/ir/value.js';
import { add, div, mul, sub } from '../../../graph/ops/elementwise.js';
import { resizeLinear, resizeLinearTo } from '../../../graph/ops/resize.js';
import { gelu, relu, tanh } from '../../../graph/ops/unary.js';
import { affineFolding } from '../../../graph/passes/affine-folding.js';
import type { Rule } from '../../../graph/rewriting/rewrite.js';
import { handmade, modelOf, node } from '../../support/graph.js';
import {
  attributed,
  convolved,
  expectHolds,
  expectRefuses,
  filled,
  image,
  normalized,
  overridable,
  perChannel,
} from '../../support/rewritten.js';

const x = image('x', 2, 3, 4, 4);
const y = image('y', 2, 3, 8, 8);
const wide = image('x', 2, 3, 8, 8);
const rule: Rule = (node, graph) => affineFolding()(node, graph);

/** Where a summand comes from, from a graph input: [2, 3, 8, 8]. */
const SOURCES: Readonly<Record<string, { taken: Value; u: () => Value }>> = {
  input: { taken: wide, u: () => wide },
  Conv: { taken: wide, u: () => convolved(wide, 'c', { channels: 3 }) },
  'Conv without bias': { taken: wide, u: () => convolved(wide, 'c', { channels: 3, bias: false }) },
  'grouped Conv': { taken: wide, u: () => convolved(wide, 'c', { channels: 3, group: 3 }) },
  ConvTranspose: {
    taken: x,
    u: () => convolved(x, 'c', { channels: 3, kernel: [2, 2], strides: [2, 2], transposed: true }),
  },
  'Relu(Conv)': { taken: wide, u: () => relu(convolved(wide, 'c', { channels: 3 })) },
  'Resize(Conv)': {
    taken: x,
    u: () => resizeLinear(convolved(x, 'c', { channels: 3 }), [2, 2], 'half_pixel'),
  },
  'Resize(Relu(Conv))': {
    taken: x,
    u: () => resizeLinear(relu(convolved(x, 'c', { channels: 3 })), [2, 2], 'align_corners'),
  },
  'Resize(Resize(Conv))': {
    taken: x,
    u: () =>
      resizeLinear(
        resizeLinear(convolved(x, 'c', { channels: 3 }), [0.5, 1], 'half_pixel'),
        [4, 2],
        'half_pixel',
      ),
  },
  'Tanh(Conv)': { taken: wide, u: () => tanh(convolved(wide, 'c', { channels: 3 })) },
};

const FACTORS: Readonly<Record<string, Value | number>> = {
  positive: 0.3,
  negative: -1.75,
  zero: 0,
  one: 1,
  mixed: perChannel(0.5, -2, 1),
  'mixed with zero': perChannel(0, -0.25, 3),
  'all negative': perChannel(-1, -0.25, -3),
  'of four axes': filled([1, 3, 1, 1], [0.5, 1.5, -1]),
  spread: filled([1, 1, 1, 1], [0.125]),
};

describe.each(Object.keys(SOURCES))('a sum with %s', (source) => {
  const { taken, u } = SOURCES[source] ?? { taken: x, u: () => x };

  it.each(Object.keys(FACTORS))('a solver step, %s factor', async (name) => {
    const d = FACTORS[name] ?? 1;
    const features = u();
    const step = add(mul(y, 0.75), mul(normalized(add(y, features), 'n'), d));
    const { operators } = await expectHolds(modelOf([taken, y], { out: step }), rule);
    expect(operators.BatchNormalization ?? 0).toBeLessThanOrEqual(1);
    const after = convolved(step, 'after', { channels: 4 });
    await expectHolds(modelOf([taken, y], { out: after }), rule);
    const padded = convolved(step, 'after', { channels: 4, kernel: [3, 3], pads: [1, 1, 1, 1] });
    await expectHolds(modelOf([taken, y], { out: padded }), rule);
  });
});

describe('every operator of a sum', () => {
  const u = convolved(wide, 'u', { channels: 3 });
  const v = convolved(wide, 'v', { channels: 3, bias: false });
  const c = perChannel(0.5, -2, 0.25);
  const sums: Readonly<Record<string, Value>> = {
    'factor of a sum': mul(add(u, v), c),
    'constant before': add(filled([], [0.5]), mul(c, sub(u, y))),
    differences: sub(mul(sub(y, u), 2), sub(v, y)),
    'constant less a value': sub(c, mul(u, c)),
    quotients: div(add(div(u, c), y), 3),
    'twice the same': add(add(u, u), y),
    'nothing left': add(sub(u, u), mul(y, 2)),
    'all negative': sub(mul(u, -1), add(y, mul(v, 2))),
    'used by two of the sum': add(mul(add(u, y), 0.5), mul(add(u, y), c)),
    'normalised twice': normalized(normalized(add(u, y), 'a'), 'b'),
  };

  it.each(Object.keys(sums))('%s', async (name) => {
    await expectHolds(modelOf([wide, y], { out: sums[name] ?? u }), rule);
  });

  it('Neg, as foreign exporters write it', async () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['u']),
      node('Neg', ['u'], ['minus']),
      node('Add', ['minus', 'y'], ['sum']),
      node('Neg', ['sum'], ['out']),
    ];
    const [inputs, outputs] = [['x', 'y'], ['out']].map((names) =>
      names.map((name) => ({ name, type: { dtype: 'float32' as const, shape: [2, 3, 8, 8] } })),
    );
    const initializers = new Map([['w', float32Tensor([3, 3, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9])]]);
    const { operators } = await expectHolds(
      handmade({ nodes, initializers, inputs: inputs ?? [], outputs: outputs ?? [] }),
      rule,
    );
    expect(operators).toEqual({ Conv: 1, Sub: 1 });
  });

  it('a value that others read too, or that is an output, stays for them', async () => {
    const inner = mul(add(u, y), 0.5);
    const out = add(mul(inner, c), mul(v, 3));
    for (const others of [{ inner }, { other: relu(inner) }, { u }, { other: relu(u), inner }]) {
      await expectHolds(modelOf([wide, y], { out, ...others }), rule);
    }
  });

  it('a vector [N, C], a series and a volume', async () => {
    for (const space of [[], [5], [2, 3, 2]]) {
      const [a, b] = [image('a', 2, 3, ...space), image('b', 2, 3, ...space)];
      const factor = filled([3, ...space.map(() => 1)], [1, -2, 0.5]);
      await expectHolds(modelOf([a, b], { out: add(mul(add(mul(a, factor), b), 0.5), factor) }), rule);
    }
  });
});

describe('it stays', () => {
  const u = convolved(wide, 'u', { channels: 3 });
  const refuses = (out: Value, ...inputs: Value[]) =>
    expectRefuses(modelOf([wide, ...inputs], { out }), rule);

  it('where a constant is not the same everywhere in a channel', () => {
    const rows = filled([8, 1], [1, 2, 3, 4, 5, 6, 7, 8]);
    const columns = filled([8], [1, 2, 3, 4, 5, 6, 7, 8]);
    const images = filled([2, 1, 1, 1], [1, 2]);
    for (const values of [rows, columns, images])
      for (const op of [add, sub, mul, div]) refuses(op(u, values));
  });

  it('where a summand is smaller or larger than the sum', () => {
    refuses(add(u, image('row', 2, 3, 1, 8)), image('row', 2, 3, 1, 8));
    refuses(add(u, image('one', 1, 3, 8, 8)), image('one', 1, 3, 8, 8));
    const small = image('small', 1, 3, 1, 1);
    expectRefuses(modelOf([small], { out: mul(small, filled([1, 3, 2, 2], Array(12).fill(2))) }), rule);
  });

  it('where a factor is computed, may be given, or is none', () => {
    refuses(mul(u, y), y);
    refuses(div(u, y), y);
    const named = mul(u, initializer('factor', float32Tensor([3, 1, 1], [1, 2, 3])));
    expectRefuses(overridable(modelOf([wide], { out: named }), 'factor'), rule);
    refuses(div(u, perChannel(1, 0, 2)));
    refuses(mul(u, perChannel(1, Number.POSITIVE_INFINITY, 2)));
    refuses(add(u, perChannel(1, Number.NaN, 2)));
  });

  it('where the number of channels is open', () => {
    const open = image('open', 2, symbol('C'), 4);
    expectRefuses(modelOf([open], { out: add(mul(open, 2), 1) }), rule);
  });

  it('where a Resize makes channels of others', () => {
    const six = constant(int64Tensor([4], [2, 6, 8, 8]));
    const out = mul(resizeLinearTo(u, six), perChannel(1, 2, 3, 4, 5, 6));
    expectRefuses(attributed(modelOf([wide], { out }), 'Resize', { mode: string('nearest') }), rule);
  });

  it('where a ReLU is of another domain', () => {
    const model = modelOf([wide], { out: mul(relu(u), 2) });
    const nodes = model.graph.nodes.map((each) =>
      each.opType === 'Relu' ? { ...each, domain: 'org.example' } : each,
    );
    expectRefuses({ ...model, graph: { ...model.graph, nodes } }, rule);
  });

  it('as the one node that it is', () => {
    refuses(add(y, wide), y);
    refuses(mul(wide, 2));
    expectRefuses(modelOf([wide], { out: normalized(wide, 'n') }), rule);
  });

  it('GELU in the five nodes that runtimes know', () => {
    refuses(gelu(u));
    const conv = convolved(gelu(u), 'after', { channels: 2 });
    refuses(conv);
    const { graph } = modelOf([wide], { out: gelu(u) });
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Conv', 'Div', 'Erf', 'Add', 'Mul', 'Mul']);
  });
});

it('GELU keeps its five nodes within a sum', async () => {
  const u = convolved(wide, 'u', { channels: 3 });
  const out = add(mul(gelu(add(mul(y, 0.5), mul(u, 2))), -0.25), mul(y, 2));
  const { operators } = await expectHolds(modelOf([wide, y], { out }), rule);
  expect(operators).toMatchObject({ Erf: 1, Div: 1 });
});
