import { expect, it } from '@jest/globals';
import { int, ints } from '../../../graph/ir/attribute.js';
import type { Node } from '../../../graph/ir/model.js';
import { int64Tensor } from '../../../graph/ir/tensor.js';
import { frozen } from '../../../graph/lifting/freeze.js';
import { untypedNodes, untypedText } from '../../../graph/rewriting/untyped.js';
import { handmade, node, zeros } from '../../support/graph.js';

const image = { name: 'x', type: { dtype: 'float32', shape: ['N', 3, 'H', 'W'] } } as const;
const stranger = (inputs: readonly string[], output: string): Node => ({
  ...node('Twist', inputs, [output]),
  domain: 'org.example',
});

it('lists where types end, why, and what no rule looks at for that', () => {
  const model = handmade({
    inputs: [image, { name: 'open', type: { dtype: 'float32' } }],
    outputs: [{ name: 'y' }, { name: 'z' }, { name: 'place' }],
    initializers: new Map([['w', zeros([3, 3, 3, 3])]]),
    nodes: [
      node('Relu', ['x'], ['a']),
      stranger(['a'], 'b'),
      node('Conv', ['b', 'w'], ['c']),
      node('Relu', ['c'], ['d']),
      node('Relu', ['open'], ['e']),
      node('Add', ['d', 'e'], ['y']),
      node('Add', ['a', 'x'], ['z']),
      node('SequenceConstruct', ['z'], ['place']),
      node('BatchNormalization', ['x', 's', 's', 's', 's'], ['f', 'unread']),
    ],
  });
  const found = untypedNodes(model);
  expect(found).toMatchObject([
    {
      name: 'b',
      keeps: { Add: 1, Conv: 1, Relu: 1 },
      why: "this operator of the domain 'org.example' is not known here",
    },
    { name: 'e', keeps: {}, why: "input 'open' is declared without a type, or without a rank" },
    { name: 'place', why: 'this operator is not known here' },
  ]);
  expect(found.map(untypedText)[0]).toBe(
    "Twist 'b': this operator of the domain 'org.example' is not known here; it keeps the passes from 1 Add, 1 Conv, 1 Relu",
  );
});

it('simplifiers leave nodes without names: those go by what they give', () => {
  const model = handmade({
    inputs: [image],
    outputs: [{ name: 'y' }],
    nodes: [{ ...stranger(['x'], 'y'), name: '' }],
  });
  expect(untypedNodes(model)).toMatchObject([{ name: 'y' }]);
});

it('an operator of another opset, a subgraph, and what only a run tells', () => {
  const body = { type: 'subgraph', graph: handmade({}).graph } as const;
  const model = handmade({
    inputs: [image, { name: 'sizes', type: { dtype: 'int64', shape: [4] } }],
    outputs: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    nodes: [
      node('Slice', ['x'], ['a'], { axes: ints([1]), starts: ints([0]), ends: ints([1]) }),
      { ...node('Loop', ['sizes'], ['b']), attributes: new Map([['body', body]]) },
      node('Squeeze', ['x'], ['c']),
    ],
  });
  const found = untypedNodes({ ...model, opsets: new Map([['', 9]]) });
  expect(found.map(({ why }) => why)).toEqual([
    'what it was in opset 9 is not known here',
    'it holds a subgraph, which is not followed',
    'its type depends on values that only a run tells',
  ]);
});

it('a weight that may be replaced keeps a type open, and `freeze` would not', () => {
  const model = handmade({
    inputs: [image, { name: 'axes', type: { dtype: 'int64', shape: [1] } }],
    outputs: [{ name: 'y' }],
    nodes: [node('ReduceSum', ['x', 'axes'], ['y'], { keepdims: int(0) })],
    initializers: new Map([['axes', int64Tensor([1], [1])]]),
  });
  expect(untypedNodes(model)).toMatchObject([
    {
      name: 'y',
      why: "its type depends on 'axes', which is an input as well and may be replaced: `freeze` takes it for a constant",
    },
  ]);
  expect(untypedNodes(frozen(model))).toEqual([]);
});
