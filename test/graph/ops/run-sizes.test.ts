import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { declaredTypes, inferTypes } from '../../../graph/analysis/infer.js';
import { type Attribute, int, string } from '../../../graph/ir/attribute.js';
import { mayEqual } from '../../../graph/ir/dim.js';
import type { DType } from '../../../graph/ir/dtype.js';
import type { Node } from '../../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { dimsOf, handmade, node, zeros } from '../../support/graph.js';

const list = (...values: number[]) => int64Tensor([values.length], values);
const count = (size: number) => Array.from({ length: size }, (_, index) => index);

interface Case {
  readonly opType: string;
  readonly x: readonly number[];
  readonly more?: readonly Tensor[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Of its outputs; `?` where a run tells. */
  readonly gives: readonly (readonly [DType, ...(number | '?')[]])[];
  readonly domain?: string;
}

const weights = (directions: number, gates: number) => [
  zeros([directions, gates * 5, 3]),
  zeros([directions, gates * 5, 5]),
];

const CASES: readonly Case[] = [
  { opType: 'NonZero', x: [2, 3], gives: [['int64', 2, '?']] },
  {
    opType: 'Unique',
    x: [2, 3],
    gives: [
      ['float32', '?'],
      ['int64', '?'],
      ['int64', '?'],
      ['int64', '?'],
    ],
  },
  { opType: 'Unique', x: [2, 3], attributes: { axis: int(1) }, gives: [['float32', 2, '?']] },
  {
    opType: 'LSTM',
    x: [7, 2, 3],
    more: weights(1, 4),
    attributes: { hidden_size: int(5) },
    gives: [
      ['float32', 7, 1, 2, 5],
      ['float32', 1, 2, 5],
      ['float32', 1, 2, 5],
    ],
  },
  {
    opType: 'GRU',
    x: [7, 2, 3],
    more: weights(2, 3),
    attributes: { hidden_size: int(5), direction: string('bidirectional') },
    gives: [
      ['float32', 7, 2, 2, 5],
      ['float32', 2, 2, 5],
    ],
  },
  {
    opType: 'RNN',
    x: [7, 2, 3],
    more: weights(1, 1),
    attributes: { hidden_size: int(5) },
    gives: [
      ['float32', 7, 1, 2, 5],
      ['float32', 1, 2, 5],
    ],
  },
  {
    opType: 'SoftmaxCrossEntropyLoss',
    x: [2, 3],
    more: [list(0, 2)],
    attributes: { reduction: string('none') },
    gives: [
      ['float32', 2],
      ['float32', 2, 3],
    ],
  },
  { opType: 'NegativeLogLikelihoodLoss', x: [2, 3], more: [list(0, 2)], gives: [['float32']] },
  {
    opType: 'DFT',
    x: [1, 8, 1],
    attributes: { axis: int(1), onesided: int(1) },
    gives: [['float32', 1, 5, 2]],
  },
  { opType: 'Det', x: [4, 3, 3], gives: [['float32', 4]] },
  { opType: 'EyeLike', x: [3, 4], attributes: { dtype: int(6) }, gives: [['int32', 3, 4]] },
  { opType: 'RandomUniformLike', x: [3, 4], gives: [['float32', 3, 4]] },
  { opType: 'QuickGelu', x: [3, 4], gives: [['float32', 3, 4]], domain: 'com.microsoft' },
  {
    opType: 'FusedConv',
    x: [1, 3, 8, 8],
    more: [zeros([4, 3, 3, 3])],
    gives: [['float32', 1, 4, 6, 6]],
    domain: 'com.microsoft',
  },
];

it.each(CASES.map((each, index) => [`${index} ${each.opType}`, each] as const))(
  'what %s gives is of the type that onnxruntime finds',
  async (_, { opType, x, more = [], attributes = {}, gives, domain = '' }) => {
    const outputs = gives.map((_, index) => `y${index}`);
    const inputs = ['x', ...more.map((_, index) => `w${index}`)];
    const made = handmade({
      nodes: [{ ...node(opType, inputs, outputs, attributes), domain }],
      inputs: [{ name: 'x', type: { dtype: 'float32', shape: x } }],
      outputs: outputs.map((name) => ({ name })),
      initializers: new Map(more.map((tensor, index) => [`w${index}`, tensor])),
    });
    const model = { ...made, opsets: new Map([...made.opsets, ['com.microsoft', 1]]) };
    check(model);
    const types = inferTypes(model);
    const found = await dimsOf(model, { x });
    for (const [index, [dtype, ...shape]] of gives.entries()) {
      const type = types.get(`y${index}`);
      expect(type?.dtype).toBe(dtype);
      expect(type?.shape.map((dim) => (typeof dim === 'number' ? dim : '?'))).toEqual(shape);
      expect(mayEqual(type?.shape ?? [], found[`y${index}`] ?? [Number.NaN])).toBe(true);
    }
  },
);

describe('sizes that only a run tells', () => {
  const sizes = { name: 's', type: { dtype: 'int64', shape: [4] } } as const;
  const image = { name: 'x', type: { dtype: 'float32', shape: [1, 3, 8, 8] } } as const;
  const over = (nodes: readonly Node[], initializers: Record<string, Tensor> = {}) =>
    handmade({
      nodes,
      inputs: [image, sizes],
      outputs: [{ name: 'y' }],
      initializers: new Map(Object.entries(initializers)),
    });

  it.each([
    ['Reshape', ['x', 's'], 4],
    ['Expand', ['x', 's'], 4],
    ['Tile', ['x', 's'], 4],
    ['Resize', ['x', '', '', 's'], 4],
    ['ConstantOfShape', ['s'], 4],
    ['Slice', ['x', 's', 's'], 4],
    ['Unsqueeze', ['x', 's'], 8],
    ['ReduceSum', ['x', 's'], 4],
  ] as const)('leave %s of a known number of axes', (opType, inputs, rank) => {
    const type = inferTypes(over([node(opType, inputs, ['y'])])).get('y');
    expect(type?.dtype).toBe('float32');
    expect(type?.shape.map((dim) => typeof dim)).toEqual(Array(rank).fill('object'));
  });

  it('leave the axes alone that they are not of', () => {
    const padded = over([node('Pad', ['x', 's', '', 'axes'], ['y'])], { axes: list(2, 3) });
    expect(inferTypes(padded).get('y')?.shape.slice(0, 2)).toEqual([1, 3]);
    const sliced = over([node('Slice', ['x', 'one', 'k', 'axis'], ['y'])], { axis: list(2), one: list(1) });
    const of = { ...sliced, graph: { ...sliced.graph, inputs: [image, { ...sizes, name: 'k' }] } };
    expect(
      inferTypes(of)
        .get('y')
        ?.shape.filter((_, axis) => axis !== 2),
    ).toEqual([1, 3, 8]);
  });

  it('are different ones of each value, and those that are declared where some are', () => {
    const model = over([node('Reshape', ['x', 's'], ['a']), node('Reshape', ['x', 's'], ['y'])]);
    const types = inferTypes(model);
    expect(types.get('a')?.shape).not.toEqual(types.get('y')?.shape);
    const told = { name: 'a', type: { dtype: 'float32', shape: [1, 3, 'H', 8] } } as const;
    const declared = { ...model, graph: { ...model.graph, valueInfo: [told] } };
    const known = inferTypes(declared, {}, declaredTypes(declared)).get('a')?.shape;
    expect(known?.filter((dim) => typeof dim === 'number')).toEqual([1, 3, 8]);
  });

  it('ask for no memory: a list of a thousand million sizes has no type', () => {
    const long = { name: 's', type: { dtype: 'int64', shape: [1e9] } } as const;
    const model = over([node('Reshape', ['x', 's'], ['y'])]);
    const types = inferTypes({ ...model, graph: { ...model.graph, inputs: [image, long] } });
    expect(types.get('y')).toBeUndefined();
  });
});

it('the multiply-adds of a recurrent network are those of its gates, step by step', async () => {
  const { cost } = await import('../../../graph/analysis/cost.js');
  const model = handmade({
    nodes: [node('LSTM', ['x', 'w', 'r'], ['y'], { hidden_size: int(5) })],
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [7, 2, 3] } }],
    outputs: [{ name: 'y' }],
    initializers: new Map([
      ['w', float32Tensor([1, 20, 3], count(60))],
      ['r', float32Tensor([1, 20, 5], count(100))],
    ]),
  });
  expect(cost(model)).toMatchObject({ parameters: 160, macs: 7 * 2 * 20 * (3 + 5) });
});
