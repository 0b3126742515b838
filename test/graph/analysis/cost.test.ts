import { expect, it } from '@jest/globals';
import { cost } from '../../../graph/analysis/cost.js';
import { symbol } from '../../../graph/ir/dim.js';
import { initializer, input, scope, type Value } from '../../../graph/ir/value.js';
import { conv } from '../../../graph/ops/conv.js';
import { convTranspose } from '../../../graph/ops/conv-transpose.js';
import { add, mul } from '../../../graph/ops/elementwise.js';
import { batchNormalization } from '../../../graph/ops/normalization.js';
import { relu } from '../../../graph/ops/unary.js';
import { handmade, modelOf, node, zeros } from '../../support/graph.js';

const weight = (name: string, ...dims: number[]) => initializer(name, zeros(dims));
const N = symbol('N');
const H = symbol('H');

/** 3x3 convolution, BatchNorm, ReLU, and a transposed convolution that doubles. */
function network(x: Value): Value {
  const y = scope('conv', () =>
    conv(x, weight('c.weight', 8, 2, 3, 3), weight('c.bias', 8), { pads: [1, 1, 1, 1], group: 2 }),
  );
  const [scale, shift, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((name) =>
    weight(`bn.${name}`, 8),
  ) as [Value, Value, Value, Value];
  const z = relu(batchNormalization(y, scale, shift, mean, variance, 1e-5));
  return scope('up', () =>
    convTranspose(mul(z, 0.5), weight('up.weight', 8, 3, 2, 2), undefined, { strides: [2, 2] }),
  );
}

const [pixels, up] = [2 * 6 * 10, 2 * 12 * 20];
const byHand = {
  // c, bn's scale and shift (not its statistics), up; the coefficient 0.5 is not trained.
  parameters: 8 * 2 * 9 + 8 + 16 + 8 * 3 * 4,
  // Each output of a convolution meets 2 x 3 x 3 weights, each input of a transposed one 3 x 2 x 2.
  macs: pixels * 8 * 18 + pixels * 8 * 12,
  // conv, BatchNorm, ReLU, Mul, up, in float32
  activationBytes: 4 * (4 * pixels * 8 + up * 3),
  // The most is held while the transposed convolution reads its input and writes its output.
  peakBytes: 4 * (pixels * 8 + up * 3),
};

it('parameters, multiply-adds and activation bytes are those counted by hand', () => {
  const x = input('x', 'float32', [2, 4, 6, 10]);
  const { nodes, ...totals } = cost(modelOf([x], { out: network(x) }));
  expect(totals).toEqual(byHand);
  expect(nodes).toEqual([
    { name: 'conv/Conv', opType: 'Conv', macs: pixels * 144, activationBytes: pixels * 32 },
    { name: 'BatchNormalization', opType: 'BatchNormalization', macs: 0, activationBytes: pixels * 32 },
    { name: 'Relu', opType: 'Relu', macs: 0, activationBytes: pixels * 32 },
    { name: 'up/Mul', opType: 'Mul', macs: 0, activationBytes: pixels * 32 },
    { name: 'up/ConvTranspose', opType: 'ConvTranspose', macs: pixels * 96, activationBytes: up * 12 },
  ]);
});

it('open sizes leave the figures open, known ones fill them; parameters are known anyway', () => {
  const x = input('x', 'float32', [N, 4, H, 10]);
  const model = modelOf([x], { out: network(x) });
  for (const known of [{}, { N: 2 }]) {
    const { nodes, ...totals } = cost(model, known);
    expect(totals).toEqual({ ...byHand, macs: undefined, activationBytes: undefined, peakBytes: undefined });
    expect(nodes.map(({ macs }) => macs)).toEqual([undefined, 0, 0, 0, undefined]);
  }
  expect(cost(model, { N: 2, H: 6 })).toMatchObject(byHand);
});

it('a weight that two convolutions share is one set of parameters and two of work', () => {
  const x = input('x', 'float32', [1, 4, 5]);
  const shared = weight('w', 4, 4, 1);
  const once = cost(modelOf([x], { out: conv(x, shared) }));
  const twice = cost(modelOf([x], { out: conv(conv(x, shared), shared) }));
  expect(twice).toMatchObject({ parameters: once.parameters, macs: 2 * 80 });
  expect(once).toMatchObject({ parameters: 16, macs: 80 });
});

it('matrix products are counted by their depth, and their weights as parameters', () => {
  const model = handmade({
    nodes: [
      node('MatMul', ['x', 'w'], ['y']),
      node('Gemm', ['y', 'g', 'b'], ['out'], { transB: { type: 'int', value: 1 } }),
    ],
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [2, 3] } }],
    outputs: [{ name: 'out' }],
    initializers: new Map([
      ['w', zeros([3, 5])],
      ['g', zeros([7, 5])],
      ['b', zeros([7])],
    ]),
  });
  expect(cost(model)).toMatchObject({ parameters: 15 + 35 + 7, macs: 2 * 5 * 3 + 2 * 7 * 5 });
});

it('an operator that is not known leaves the bytes open but is no product', () => {
  const unknown = { ...node('Conv', ['x', 'w'], ['out']), domain: 'com.example' };
  const model = handmade({
    nodes: [unknown],
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1, 1, 4] } }],
    initializers: new Map([['w', zeros([1, 1, 1])]]),
  });
  expect(cost(model)).toMatchObject({ parameters: 0, macs: 0, activationBytes: undefined });
});

it('bytes follow the element type', () => {
  const model = handmade({
    nodes: [node('Shape', ['x'], ['sizes']), node('Add', ['h', 'h'], ['twice'])],
    inputs: [
      { name: 'x', type: { dtype: 'float32', shape: ['N', 'C', 'H'] } },
      { name: 'h', type: { dtype: 'float16', shape: [5] } },
    ],
  });
  expect(cost(model).nodes.map(({ activationBytes }) => activationBytes)).toEqual([24, 10]);
});

it('an addition costs no multiply-adds, whatever its size', () => {
  const x = input('x', 'float32', [N, H]);
  expect(cost(modelOf([x], { out: add(x, x) })).macs).toBe(0);
});

it('weights are counted in Constant nodes as well', () => {
  const built = modelOf([input('x', 'float32', [1, 4, 6, 10])], {
    y: network(input('x', 'float32', [1, 4, 6, 10])),
  });
  const { nodes, initializers } = built.graph;
  const constants = [...initializers].map(([name, value]) =>
    node('Constant', [], [name], { value: { type: 'tensor', value } }),
  );
  const inNodes = {
    ...built,
    graph: { ...built.graph, nodes: [...constants, ...nodes], initializers: new Map() },
  };
  expect(cost(inNodes).parameters).toBe(byHand.parameters);
});

it('counts what branches hold, once, and leaves the multiply-adds of theirs open', () => {
  const branch = (weights: string, opType: string) =>
    handmade({
      outputs: [{ name: 'b' }],
      initializers: new Map([['inner', zeros([5, 2, 1, 1])]]),
      nodes: [node(opType, ['x', weights], ['b'])],
    }).graph;
  const model = (opType: string) =>
    handmade({
      inputs: [
        { name: 'x', type: { dtype: 'float32', shape: [1, 2, 4, 4] } },
        { name: 'is', type: { dtype: 'bool', shape: [] } },
      ],
      outputs: [{ name: 'y' }],
      initializers: new Map([['shared', zeros([3, 2, 1, 1])]]),
      nodes: [
        node('If', ['is'], ['y'], {
          then_branch: { type: 'subgraph', graph: branch('shared', opType) },
          else_branch: { type: 'subgraph', graph: branch('inner', opType) },
        }),
        node('Conv', ['x', 'shared'], ['z']),
      ],
    });
  expect(cost(model('Conv'))).toMatchObject({ parameters: 6 + 10, macs: undefined });
  expect(cost(model('Add')).nodes.map(({ name, macs }) => [name, macs])).toEqual([
    ['y', 0],
    ['z', 16 * 6],
  ]);
});

it('a node without a name goes by what it gives', () => {
  const model = handmade({
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1] } }],
    outputs: [{ name: 'y' }],
    nodes: [{ ...node('Relu', ['x'], ['y']), name: '' }],
  });
  expect(cost(model).nodes).toMatchObject([{ name: 'y' }]);
});
