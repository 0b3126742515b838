import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { inferTypes } from '../../../graph/analysis/infer.js';
import { float, int, ints, string } from '../../../graph/ir/attribute.js';
import type { Model, Node } from '../../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { dimsOf, handmade, node, zeros } from '../../support/graph.js';

const vector = (...values: number[]) => int64Tensor([values.length], values);

/** A graph over x, float32 [N, 3, H, W]. */
function over(
  nodes: readonly Node[],
  outputs: readonly string[],
  initializers: Record<string, Tensor>,
): Model {
  return handmade({
    nodes,
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: ['N', 3, 'H', 'W'] } }],
    outputs: outputs.map((name) => ({ name, type: { dtype: 'float32' } })),
    initializers: new Map(Object.entries(initializers)),
  });
}

async function expectAgreement(model: Model, sizes: readonly number[]): Promise<void> {
  check(model);
  const [N = 0, , H = 0, W = 0] = sizes;
  const types = inferTypes(model, { N, H, W });
  for (const [name, dims] of Object.entries(await dimsOf(model, { x: sizes }))) {
    expect({ name, shape: types.get(name)?.shape }).toEqual({ name, shape: dims });
  }
}

it("PyTorch's upsampling to another map's size is followed through Shape, Slice, Concat and Cast", async () => {
  const model = over(
    [
      node('MaxPool', ['x'], ['small'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
      node('Shape', ['x'], ['sizes']),
      node('Slice', ['sizes', 'two', 'end', 'zero'], ['space']),
      node('Cast', ['space'], ['cast'], { to: int(7) }),
      node('Shape', ['small'], ['smallSizes']),
      node('Slice', ['smallSizes', 'zero', 'two', 'zero'], ['head']),
      node('Concat', ['head', 'cast'], ['target'], { axis: int(0) }),
      node('Resize', ['small', '', '', 'target'], ['out'], { mode: string('nearest') }),
    ],
    ['out'],
    { zero: vector(0), two: vector(2), end: int64Tensor([1], [Number.MAX_SAFE_INTEGER]) },
  );
  await expectAgreement(model, [1, 3, 7, 9]);
  expect(inferTypes(model).get('out')?.shape).toEqual(inferTypes(model).get('x')?.shape);
});

it("PyTorch's padding by constants is followed through ConstantOfShape, Reshape, Slice and Transpose", async () => {
  const model = over(
    [
      node('ConstantOfShape', ['four'], ['none'], { value: { type: 'tensor', value: vector(0) } }),
      node('Concat', ['given', 'none'], ['all'], { axis: int(0) }),
      node('Reshape', ['all', 'pairs'], ['rows']),
      node('Slice', ['rows', 'last', 'before', 'zero', 'last'], ['reversed']),
      node('Transpose', ['reversed'], ['turned'], { perm: ints([1, 0]) }),
      node('Reshape', ['turned', 'last'], ['flat']),
      node('Cast', ['flat'], ['pads'], { to: int(7) }),
      node('Pad', ['x', 'pads'], ['out']),
    ],
    ['out', 'turned'],
    {
      ...{
        four: vector(4),
        given: vector(1, 2, 3, 4),
        pairs: vector(-1, 2),
        last: vector(-1),
        zero: vector(0),
      },
      before: int64Tensor([1], [-(2 ** 31)]),
    },
  );
  await expectAgreement(
    { ...model, graph: { ...model.graph, outputs: model.graph.outputs.slice(0, 1) } },
    [1, 3, 5, 6],
  );
  expect(inferTypes(model).get('pads')?.content).toEqual([0, 0, 3, 1, 0, 0, 4, 2]);
});

describe('slices are those of onnxruntime', () => {
  const bounds = [-9, -3, -1, 0, 1, 3, 4, 9];
  const grid = bounds.flatMap((start) =>
    bounds.flatMap((end) => [1, 2, -1, -2].map((step) => [start, end, step] as const)),
  );
  it('of every start, end and step', async () => {
    const names = grid.map((_, i) => `out${i}`);
    const nodes = grid.map((_, i) =>
      node('Slice', ['x', `start${i}`, `end${i}`, 'axis', `step${i}`], [`out${i}`]),
    );
    const constants = grid.flatMap(([start, end, step], i): [string, Tensor][] => [
      [`start${i}`, vector(start)],
      [`end${i}`, vector(end)],
      [`step${i}`, vector(step)],
    ]);
    const model = over(nodes, names, { ...Object.fromEntries(constants), axis: vector(3) });
    await expectAgreement(model, [1, 3, 2, 4]);
  });
});

it('single sizes are gathered, computed with and joined again', async () => {
  const model = over(
    [
      node('Shape', ['x'], ['sizes']),
      node('Constant', [], ['two'], { value: { type: 'tensor', value: int64Tensor([], [2]) } }),
      node('Gather', ['sizes', 'two'], ['height'], { axis: int(0) }),
      node('Mul', ['height', 'two'], ['double']),
      node('Unsqueeze', ['double', 'zero'], ['doubled']),
      node('Identity', ['doubled'], ['same']),
      node('Gather', ['sizes', 'rest'], ['others']),
      node('Concat', ['others', 'same', 'five'], ['target'], { axis: int(-1) }),
      node('Resize', ['x', '', '', 'target'], ['out'], { mode: string('nearest') }),
    ],
    ['out'],
    { zero: vector(0), five: vector(5), rest: vector(0, -3) },
  );
  await expectAgreement(model, [2, 3, 4, 6]);
});

describe('matrix products', () => {
  it.each<[number[], number[]]>([
    [
      [2, 3],
      [3, 4],
    ],
    [
      [5, 2, 3],
      [3, 4],
    ],
    [
      [5, 2, 3],
      [5, 3, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
    ],
    [[3], [3, 4]],
    [[2, 3], [3]],
    [
      [5, 1, 2, 3],
      [7, 3, 4],
    ],
    [
      [1, 2, 3],
      [5, 3, 4],
    ],
  ])('%j times %j has the shape that onnxruntime computes', async (a, b) => {
    const model = handmade({
      nodes: [node('MatMul', ['a', 'b'], ['out'])],
      inputs: [{ name: 'a', type: { dtype: 'float32', shape: a } }],
      outputs: [{ name: 'out', type: { dtype: 'float32' } }],
      initializers: new Map([['b', zeros(b)]]),
    });
    expect({ out: inferTypes(model).get('out')?.shape }).toEqual(await dimsOf(model, { a }));
  });

  it.each([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])('Gemm of transA %d and transB %d', async (transA, transB) => {
    const [a, b] = [transA === 1 ? [3, 2] : [2, 3], transB === 1 ? [4, 3] : [3, 4]];
    const model = handmade({
      nodes: [node('Gemm', ['a', 'b', 'c'], ['out'], { transA: int(transA), transB: int(transB) })],
      inputs: [{ name: 'a', type: { dtype: 'float32', shape: a } }],
      outputs: [{ name: 'out', type: { dtype: 'float32' } }],
      initializers: new Map([
        ['b', zeros(b)],
        ['c', zeros([4])],
      ]),
    });
    expect(inferTypes(model).get('out')?.shape).toEqual([2, 4]);
    expect(await dimsOf(model, { a })).toEqual({ out: [2, 4] });
  });

  it.each(['MatMul', 'Gemm'])('%s of sizes that do not meet is refused by the name of its node', (opType) => {
    const model = handmade({
      nodes: [node(opType, ['a', 'b'], ['out'])],
      initializers: new Map([
        ['a', zeros([2, 3])],
        ['b', zeros([4, 5])],
      ]),
    });
    expect(() => inferTypes(model)).toThrow(
      expect.objectContaining({
        code: 'BAD_MODEL',
        message: `node 'out' (${opType}): [2, 3] and [4, 5] do not multiply`,
      }),
    );
  });
});

describe('a valid model that is not followed to the last value is still valid', () => {
  const cases: [string, Node[], Record<string, Tensor>][] = [
    [
      'Gather of data along axis -1',
      [node('Gather', ['x', 'two'], ['out'], { axis: int(-1) })],
      { two: vector(2) },
    ],
    [
      'Gather of data along axis 1',
      [node('Gather', ['x', 'two'], ['out'], { axis: int(1) })],
      { two: vector(2) },
    ],
    [
      'Slice of data',
      [node('Slice', ['x', 'zero', 'two', 'two'], ['out'])],
      { zero: vector(0), two: vector(2) },
    ],
    [
      'Slice of sizes with a step',
      [
        node('Shape', ['x'], ['sizes']),
        node('Slice', ['sizes', 'zero', 'four', 'zero', 'two'], ['some']),
        node('Cast', ['some'], ['out'], { to: int(1) }),
      ],
      { zero: vector(0), two: vector(2), four: vector(4) },
    ],
    [
      'Constant of a single number',
      [node('Constant', [], ['half'], { value_float: float(0.5) }), node('Mul', ['x', 'half'], ['out'])],
      {},
    ],
    [
      'Resize by computed scales',
      [node('Add', ['scales', 'none'], ['factors']), node('Resize', ['x', '', 'factors'], ['out'])],
      { scales: float32Tensor([4], [1, 1, 2, 2]), none: float32Tensor([1], [0]) },
    ],
    [
      'ConvTranspose of an output_shape',
      [node('ConvTranspose', ['x', 'w'], ['out'], { strides: ints([2, 2]), output_shape: ints([8, 8]) })],
      { w: zeros([3, 2, 2, 2]) },
    ],
    [
      'ConvTranspose of auto_pad',
      [node('ConvTranspose', ['x', 'w'], ['out'], { strides: ints([2, 2]), auto_pad: string('SAME_UPPER') })],
      { w: zeros([3, 2, 2, 2]) },
    ],
  ];

  it.each(cases)('%s', async (_, nodes, initializers) => {
    const model = over(nodes, ['out'], initializers);
    const { out } = await dimsOf(model, { x: [1, 3, 4, 4] });
    check(model);
    const shape = inferTypes(model, { N: 1, H: 4, W: 4 }).get('out')?.shape ?? out;
    expect(shape).toEqual(out);
  });
});

it("layers of others that none of this package's networks have keep sizes, or halve them", async () => {
  const model = over(
    [
      node('HardSwish', ['x'], ['swish']),
      node('LeakyRelu', ['swish'], ['leaky']),
      node('AveragePool', ['leaky'], ['out'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
    ],
    ['swish', 'leaky', 'out'],
    {},
  );
  await expectAgreement(model, [1, 3, 7, 9]);
});
