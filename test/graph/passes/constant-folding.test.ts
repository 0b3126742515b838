import { describe, expect, it } from '@jest/globals';
import { type Attribute, int, ints } from '../../../graph/ir/attribute.js';
import type { DType } from '../../../graph/ir/dtype.js';
import type { Model, Node } from '../../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { constantFolding } from '../../../graph/passes/constant-folding.js';
import { rewrite } from '../../../graph/rewriting/rewrite.js';
import { handmade, node } from '../../support/graph.js';
import { expectHolds, expectRefuses, expectSame, overridable } from '../../support/rewritten.js';

const tensor = (value: Tensor): Attribute => ({ type: 'tensor', value });

/** A model from x to y, both of the given sizes. */
function modelOf(
  nodes: readonly Node[],
  constants: Readonly<Record<string, Tensor>> = {},
  shape: readonly number[] = [2, 3],
  out: readonly (number | string)[] | undefined = shape,
): Model {
  const declared = (name: string, dims: readonly (number | string)[], dtype: DType = 'float32') => [
    { name, type: { dtype, shape: dims } },
  ];
  return handmade({
    nodes,
    initializers: new Map(Object.entries(constants)),
    inputs: declared('x', shape),
    outputs: declared('y', out),
  });
}

const pair = float32Tensor([2, 1], [0.1, -3]);
const triple = float32Tensor([3], [0.5, 7, -0.3]);

describe('what depends on constants alone is computed', () => {
  it.each(['Add', 'Sub', 'Mul', 'Div'])('%s, with broadcasting', async (opType) => {
    for (const [a, b] of [
      [pair, triple],
      [triple, pair],
      [pair, pair],
      [float32Tensor([], [3]), triple],
      [float32Tensor([1, 1], [-2]), pair],
    ] as const) {
      const nodes = [node(opType, ['a', 'b'], ['c']), node('Add', ['x', 'c'], ['y'])];
      const { operators, model } = await expectHolds(modelOf(nodes, { a, b }), constantFolding);
      expect(operators).toEqual({ Add: 1 });
      expect([...model.graph.initializers.keys()]).toEqual(['c']);
    }
  });

  it('Neg, Constant and ConstantOfShape, one after the other', async () => {
    const nodes = [
      node('Constant', [], ['a'], { value: tensor(triple) }),
      node('Neg', ['a'], ['b']),
      node('ConstantOfShape', ['shape'], ['c'], { value: tensor(float32Tensor([1], [2.5])) }),
      node('Mul', ['b', 'c'], ['d']),
      node('Add', ['x', 'd'], ['y']),
    ];
    const { operators } = await expectHolds(
      modelOf(nodes, { shape: int64Tensor([2], [2, 3]) }),
      constantFolding,
    );
    expect(operators).toEqual({ Add: 1 });
  });

  it('sizes that are known', async () => {
    const nodes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'index'], ['first'], { axis: int(0) }),
      node('Unsqueeze', ['first', 'axes'], ['n']),
      node('Concat', ['n', 'rest'], ['shape'], { axis: int(0) }),
      node('Reshape', ['x', 'shape'], ['y']),
    ];
    const constants = {
      index: int64Tensor([], [0]),
      axes: int64Tensor([1], [0]),
      rest: int64Tensor([1], [-1]),
    };
    const { operators } = await expectHolds(modelOf(nodes, constants, [2, 3, 4], [2, 12]), constantFolding);
    expect(operators).toEqual({ Reshape: 1 });
  });

  it('a constant that is doubled sixty times', () => {
    const doubled = (at: number) => node('Add', [`c${at}`, `c${at}`], [`c${at + 1}`]);
    const nodes = [...Array.from({ length: 60 }, (_, at) => doubled(at)), node('Mul', ['x', 'c60'], ['y'])];
    const { model } = rewrite(modelOf(nodes, { c0: float32Tensor([], [1]) }), constantFolding);
    const bytes = model.graph.initializers.get('c60')?.bytes() ?? new Uint8Array();
    expect(new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true)).toBe(2 ** 60);
  });
});

describe('it stays', () => {
  it('what is given, open or an output', () => {
    expectRefuses(modelOf([node('Add', ['x', 'a'], ['y'])], { a: triple }), constantFolding);
    expectRefuses(modelOf([node('Add', ['a', 'b'], ['y'])], { a: pair, b: triple }), constantFolding);
    const model = modelOf([node('Add', ['a', 'b'], ['c']), node('Add', ['x', 'c'], ['y'])], {
      a: pair,
      b: triple,
    });
    expectRefuses(overridable(model, 'a'), constantFolding);
    const sizes = modelOf(
      [node('Add', ['a', 'a'], ['c']), node('Reshape', ['x', 'c'], ['y'])],
      { a: int64Tensor([2], [1, 3]) },
      [2, 6],
      ['a', 'b'],
    );
    expectRefuses(overridable(sizes, 'a'), constantFolding);
  });

  it('what would make the file larger', () => {
    const shape = int64Tensor([2], [100, 3000]);
    const nodes = [node('ConstantOfShape', ['shape'], ['c']), node('Add', ['x', 'c'], ['y'])];
    expectRefuses(modelOf(nodes, { shape }, [1, 3000], [100, 3000]), constantFolding);
  });

  it('of another type, operator or domain', () => {
    const half: Tensor = { dtype: 'float16', dims: [3], bytes: () => new Uint8Array(6) };
    const double: Tensor = { dtype: 'float64', dims: [3], bytes: () => new Uint8Array(24) };
    for (const a of [half, double]) {
      const nodes = [
        node('Add', ['a', 'a'], ['c']),
        node('Cast', ['c'], ['d'], { to: int(1) }),
        node('Add', ['x', 'd'], ['y']),
      ];
      expectRefuses(modelOf(nodes, { a }), constantFolding);
    }
    const custom = { ...node('Add', ['a', 'a'], ['c']), domain: 'org.example' };
    expectRefuses(modelOf([custom, node('Add', ['x', 'c'], ['y'])], { a: triple }), constantFolding);
    const relu = node('Relu', ['a'], ['c']);
    expectRefuses(modelOf([relu, node('Add', ['x', 'c'], ['y'])], { a: triple }), constantFolding);
  });

  it('an end that is beyond every size', async () => {
    const end: Tensor = {
      dtype: 'int64',
      dims: [],
      bytes: () => new Uint8Array(BigInt64Array.of(2n ** 63n - 1n).buffer),
    };
    const nodes = [
      node('Unsqueeze', ['end', 'axes'], ['ends']),
      node('Slice', ['x', 'one', 'ends', 'one'], ['y']),
    ];
    const constants = { end, axes: int64Tensor([1], [0]), one: int64Tensor([1], [1]) };
    const model = modelOf(nodes, constants, [2, 3], [2, 2]);
    await expectSame(model, rewrite(model, constantFolding).model);
  });

  it('whole numbers that a double does not hold', async () => {
    const large: Tensor = {
      dtype: 'int64',
      dims: [1],
      bytes: () => new Uint8Array(BigInt64Array.of(2n ** 60n + 1n).buffer),
    };
    const nodes = [
      node('Identity', ['large'], ['a']),
      node('Add', ['a', 'a'], ['b']),
      node('Cast', ['b'], ['c'], { to: int(1) }),
      node('Add', ['x', 'c'], ['y']),
    ];
    expectRefuses(modelOf(nodes, { large }), constantFolding);
  });
});

it('a Constant that holds a number, or numbers, becomes a weight', async () => {
  const nodes = [
    node('Constant', [], ['c'], { value_float: { type: 'float', value: 2 } }),
    node('Constant', [], ['d'], { value_ints: ints([1]) }),
    node('Mul', ['x', 'c'], ['e']),
    node('Unsqueeze', ['e', 'd'], ['y']),
  ];
  const { model } = await expectHolds(modelOf(nodes, {}, [2, 3], [2, 1, 3]), constantFolding);
  expect([...model.graph.initializers.keys()]).toEqual(['c', 'd']);
});
