import { describe, expect, it } from '@jest/globals';
import { check, MAX_MODEL_BYTES } from '../../../graph/analysis/check.js';
import { int, ints } from '../../../graph/ir/attribute.js';
import type { Graph, Model } from '../../../graph/ir/model.js';
import { int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { handmade, node, zeros } from '../../support/graph.js';

const valid: Partial<Graph> = {
  inputs: [{ name: 'x', type: { dtype: 'float32', shape: ['N', 2, 4, 4] } }],
  outputs: [{ name: 'out', type: { dtype: 'float32', shape: ['N', 3, 4, 4] } }],
  initializers: new Map([['w', zeros([3, 2, 1, 1])]]),
  nodes: [node('Conv', ['x', 'w', ''], ['y'], { kernel_shape: ints([1, 1]) }), node('Relu', ['y'], ['out'])],
};

function problemOf(change: Partial<Graph>, rest: Partial<Model> = {}): () => void {
  return () => check({ ...handmade({ ...valid, ...change }), ...rest });
}

function refusal(problem: string): ReturnType<typeof expect.objectContaining> {
  return expect.objectContaining({ code: 'BAD_MODEL', message: `not a valid model: ${problem}` });
}

it('a valid model passes', () => {
  expect(problemOf({})).not.toThrow();
});

it('a value is used before it is assigned', () => {
  expect(problemOf({ nodes: [...(valid.nodes ?? [])].reverse() })).toThrow(
    refusal("'y' is used by node 'out' before it is assigned"),
  );
});

it.each([
  ['by two nodes', 'y', "'y' is assigned twice"],
  ['over an input', 'x', "'x' is assigned twice"],
  ['over an initializer', 'w', "'w' is assigned twice"],
])('a value is assigned twice, %s', (_, name, problem) => {
  expect(problemOf({ nodes: [...(valid.nodes ?? []), node('Relu', ['x'], [name])] })).toThrow(
    refusal(problem),
  );
});

it('an input is declared twice', () => {
  expect(problemOf({ inputs: [{ name: 'x' }, { name: 'x' }] })).toThrow(
    refusal("input 'x' is declared twice"),
  );
});

it('an output is never assigned, or there is none', () => {
  expect(problemOf({ outputs: [{ name: 'mask' }] })).toThrow(refusal("output 'mask' is never assigned"));
  expect(problemOf({ outputs: [] })).toThrow(refusal('the graph has no output'));
});

it('an output has a name that no object of JavaScript has a property of', () => {
  const named = {
    inputs: [{ name: 'x' }],
    nodes: [node('Relu', ['x'], ['__proto__'])],
    outputs: [{ name: '__proto__' }],
  };
  expect(problemOf(named)).toThrow(
    /named '__proto__', which onnxruntime for JavaScript does not take: rename it/,
  );
});

it("an optional output may be left out ('') and an optional input too", () => {
  const nodes = [node('Dropout', ['x', '', ''], ['y', '']), node('Dropout', ['y'], ['out', ''])];
  expect(problemOf({ nodes, outputs: [{ name: 'out' }] })).not.toThrow();
});

it('an operator is newer than the opset', () => {
  const nodes = [node('Erf', ['x'], ['out'])];
  expect(problemOf({ nodes }, { opsets: new Map([['', 8]]) })).toThrow(
    refusal("node 'out': Erf needs opset 9, the model has 8"),
  );
});

it('an operator that had another form in an older opset is not judged', () => {
  const nodes = [node('Pad', ['x'], ['out'])];
  expect(problemOf({ nodes }, { opsets: new Map([['', 9]]) })).not.toThrow();
});

it('an operator is of a domain that the model does not import', () => {
  const nodes = [{ ...node('Gelu', ['x'], ['out']), domain: 'com.microsoft' }];
  expect(problemOf({ nodes })).toThrow(
    refusal("node 'out': the model imports no opset of domain 'com.microsoft'"),
  );
  const opsets = new Map([
    ['', 17],
    ['com.microsoft', 1],
  ]);
  expect(problemOf({ nodes }, { opsets })).not.toThrow();
});

it("ai.onnx is another name of ONNX's own domain", () => {
  const nodes = [node('Erf', ['x'], ['out'])];
  const outputs = [{ name: 'out' }];
  expect(problemOf({ nodes, outputs }, { opsets: new Map([['ai.onnx', 17]]) })).not.toThrow();
  expect(problemOf({ nodes, outputs }, { opsets: new Map([['ai.onnx', 5]]) })).toThrow(
    refusal("node 'out': Erf needs opset 9, the model has 5"),
  );
});

it('an initializer holds another number of bytes than its shape takes', () => {
  const short: Tensor = { dtype: 'float32', dims: [3, 2, 1, 1], bytes: () => new Uint8Array(23) };
  expect(problemOf({ initializers: new Map([['w', short]]) })).toThrow(
    refusal("initializer 'w' [3, 2, 1, 1] takes 24 bytes, found 23"),
  );
});

it('initializers beyond 2 GiB are refused before their bytes are read', () => {
  const bytes = () => {
    throw new Error('the bytes were read');
  };
  const huge: Tensor = { dtype: 'float32', dims: [(MAX_MODEL_BYTES + 1) / 4], bytes };
  expect(problemOf({ initializers: new Map([['w', huge]]) })).toThrow(
    refusal('the initializers are larger than the 2 GiB that one ONNX file holds'),
  );
});

describe('a declared output', () => {
  it.each<[string, Graph['outputs'][number]['type']]>([
    ['type', { dtype: 'int64', shape: ['N', 3, 4, 4] }],
    ['size', { dtype: 'float32', shape: ['N', 3, 4, 5] }],
    ['rank', { dtype: 'float32', shape: ['N', 3, 4] }],
  ])('of another %s than is computed is refused with both', (_, type) => {
    if (type === undefined) throw new TypeError();
    expect(problemOf({ outputs: [{ name: 'out', type }] })).toThrow(
      refusal(
        `output 'out' is declared ${type.dtype} [${type.shape?.join(', ')}], it is float32 [N, 3, 4, 4]`,
      ),
    );
  });

  it.each<[string, Graph['outputs'][number]]>([
    ['a name for a known size', { name: 'out', type: { dtype: 'float32', shape: ['batch', 'C', 'H', ''] } }],
    ['a number for an open size', { name: 'out', type: { dtype: 'float32', shape: [1, 3, 4, 4] } }],
    ['no shape', { name: 'out', type: { dtype: 'float32' } }],
    ['no type', { name: 'out' }],
  ])('may say less or more than is known: %s', (_, output) => {
    expect(problemOf({ outputs: [output] })).not.toThrow();
  });
});

it('types that do not fit are refused by the name of the node', () => {
  const nodes = [node('Concat', ['x', 'w'], ['out'], { axis: int(1) })];
  expect(problemOf({ nodes })).toThrow(
    expect.objectContaining({
      code: 'BAD_MODEL',
      message: "node 'out' (Concat): [N, 2, 4, 4] and [3, 2, 1, 1] do not join on axis 1",
    }),
  );
});

it('all problems are told at once', () => {
  const nodes = [node('Relu', ['a'], ['y']), node('Relu', ['b'], ['y'])];
  expect(problemOf({ nodes })).toThrow(
    refusal(
      [
        "'a' is used by node 'y' and never assigned",
        "'b' is used by node 'y' and never assigned",
        "'y' is assigned twice",
        "output 'out' is never assigned",
      ].join('; '),
    ),
  );
});

describe('sizes that no runtime could hold are refused with the name of the value', () => {
  const many = Array(65).fill(1);
  it.each<[string, Partial<Graph>, string]>([
    ['an input', { inputs: [{ name: 'x', type: { dtype: 'float32', shape: [2 ** 53] } }] }, "input 'x'"],
    [
      'an output',
      { outputs: [{ name: 'out', type: { dtype: 'float32', shape: [2 ** 63] } }] },
      "value 'out'",
    ],
    [
      'an output of many axes',
      { outputs: [{ name: 'out', type: { dtype: 'float32', shape: many } }] },
      "value 'out'",
    ],
    ['a value between', { valueInfo: [{ name: 'y', type: { dtype: 'float32', shape: many } }] }, "value 'y'"],
  ])('%s', (_, change, place) => {
    expect(problemOf(change)).toThrow(
      expect.objectContaining({ code: 'BAD_MODEL', message: expect.stringMatching(`^${place}: `) }),
    );
  });
});

it('whole numbers that are no sizes may be larger than sizes', () => {
  const large: Tensor = {
    dtype: 'int64',
    dims: [1],
    bytes: () => new Uint8Array(BigInt64Array.of(2n ** 40n).buffer),
  };
  const nodes = [
    ...(valid.nodes ?? []),
    node('Mul', ['large', 'large'], ['square']),
    node('Neg', ['square'], ['z']),
  ];
  const initializers = new Map([...(valid.initializers ?? []), ['large', large] as const]);
  expect(problemOf({ nodes, initializers })).not.toThrow();
});

it('a range of constants that fills the memory is refused before anything counts it', () => {
  const scalar = (value: number) => int64Tensor([], [value]);
  const model = (limit: number) =>
    handmade({
      nodes: [node('Range', ['zero', 'limit', 'one'], ['r'])],
      initializers: new Map([
        ['zero', scalar(0)],
        ['limit', scalar(limit)],
        ['one', scalar(1)],
      ]),
      outputs: [{ name: 'r' }],
    });
  expect(() => check(model(1000))).not.toThrow();
  expect(() => check(model(2 ** 31))).toThrow(
    /\(Range\): what is computed from constants alone takes more than/,
  );
});
