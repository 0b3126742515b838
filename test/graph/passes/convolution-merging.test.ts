import { describe, expect, it } from '@jest/globals';
import { add } from '../../../graph/ops/elementwise.js';
import { relu, tanh } from '../../../graph/ops/unary.js';
import { convolutionMerging } from '../../../graph/passes/convolution-merging.js';
import { modelOf } from '../../support/graph.js';
import { convolved, expectHolds, expectRefuses, image, overridable } from '../../support/rewritten.js';

const x = image('x', 2, 3, 6, 5);
const same = { kernel: [3, 3], pads: [1, 1, 1, 1] };

/** Convolutions of x with so many channels each. */
const siblings = (counts: readonly number[], ends: readonly boolean[] = [], bias = counts.map(() => true)) =>
  counts.map((channels, at) => {
    const y = convolved(x, `c${at}`, { channels, ...same, bias: bias[at] ?? true });
    return ends[at] ? relu(y) : y;
  });

const outputsOf = (values: ReturnType<typeof siblings>) =>
  Object.fromEntries(values.map((value, at) => [`out${at}`, value]));

describe('convolutions of one value become one', () => {
  it.each([[[3, 3]], [[1, 15]], [[8, 8]], [[4, 5, 6]], [[17, 15]], [[3, 3, 3, 3, 3]]])(
    '%j channels',
    async (counts) => {
      for (const bias of [counts.map(() => true), counts.map(() => false), counts.map((_, at) => at === 0)]) {
        for (const ends of [false, true]) {
          const values = siblings(
            counts,
            counts.map(() => ends),
            bias,
          );
          const { operators, changes } = await expectHolds(
            modelOf([x], outputsOf(values)),
            convolutionMerging(),
          );
          expect(operators.Conv).toBe(1);
          expect(changes).toBe(counts.length);
          const inner = values.map((value) => tanh(value));
          await expectHolds(modelOf([x], outputsOf(inner)), convolutionMerging());
        }
      }
    },
  );

  it('those with a ReLU and those without apart', async () => {
    const values = siblings([3, 4, 3, 4], [true, false, true, false]);
    const { operators } = await expectHolds(modelOf([x], outputsOf(values)), convolutionMerging());
    expect(operators).toMatchObject({ Conv: 2, Relu: 1, Slice: 4 });
  });

  it('as far as blocks are saved, each computed once', async () => {
    const counts = [10, 10, 6, 6, 3];
    const { operators, model } = await expectHolds(
      modelOf([x], outputsOf(siblings(counts))),
      convolutionMerging(),
    );
    const rows = [...model.graph.initializers].filter(([, { dims }]) => dims.length === 4);
    expect(rows.reduce((sum, [, { dims }]) => sum + (dims[0] ?? 0), 0)).toBe(35);
    expect(operators.Conv).toBe(3);
  });

  it('one that others read besides its ReLU keeps what it gives', async () => {
    const [a, b] = [convolved(x, 'a', { channels: 2, ...same }), convolved(x, 'b', { channels: 2, ...same })];
    await expectHolds(modelOf([x], { a, sum: add(relu(a), tanh(b)) }), convolutionMerging());
  });

  it('along one axis and three', async () => {
    for (const space of [[7], [4, 3, 5]]) {
      const series = image('x', 1, 2, ...space);
      const [a, b] = ['a', 'b'].map((name) =>
        convolved(series, name, { channels: 3, kernel: space.map(() => 2) }),
      );
      if (a !== undefined && b !== undefined)
        await expectHolds(modelOf([series], { a, b }), convolutionMerging());
    }
  });
});

describe('they stay', () => {
  it.each([[[16, 16]], [[16, 3]], [[10, 10]], [[32, 64]]])(
    'where nothing is saved: %j channels',
    (counts) => {
      expectRefuses(modelOf([x], outputsOf(siblings(counts))), convolutionMerging());
    },
  );

  it('where a value is convolved more often than in any network', () => {
    expectRefuses(modelOf([x], outputsOf(siblings(Array(129).fill(1)))), convolutionMerging());
  });

  it('where windows differ', () => {
    const first = convolved(x, 'a', { channels: 3, ...same });
    for (const other of [
      { kernel: [1, 1] },
      { kernel: [3, 3] },
      { ...same, pads: [1, 1, 1, 0] },
      { ...same, strides: [2, 1] },
      { ...same, dilations: [2, 2] },
      { ...same, group: 3 },
    ]) {
      const second = convolved(x, 'b', { channels: 3, ...other });
      expectRefuses(modelOf([x], { first, second }), convolutionMerging());
    }
  });

  it('where inputs differ, weights may be given, or Slice has another form', () => {
    const y = image('y', 2, 3, 6, 5);
    const [a, b] = [convolved(x, 'a', { channels: 3, ...same }), convolved(y, 'b', { channels: 3, ...same })];
    expectRefuses(modelOf([x, y], { a, b }), convolutionMerging());
    const model = modelOf([x], outputsOf(siblings([3, 3])));
    expectRefuses(overridable(model, 'c1.weight'), convolutionMerging());
    expectRefuses({ ...model, opsets: new Map([['', 9]]) }, convolutionMerging());
  });
});
