import { describe, expect, it } from '@jest/globals';
import { type Attribute, float, int, ints, string } from '../../../graph/ir/attribute.js';
import type { Node } from '../../../graph/ir/model.js';
import { float32Tensor, int64Tensor, type Tensor } from '../../../graph/ir/tensor.js';
import { noOperation } from '../../../graph/passes/no-operation.js';
import { rewrite } from '../../../graph/rewriting/rewrite.js';
import { handmade, node } from '../../support/graph.js';
import { expectHolds, expectRefuses, overridable } from '../../support/rewritten.js';

const SHAPE = [1, 2, 5, 4];
const bool: Tensor = { dtype: 'bool', dims: [], bytes: () => Uint8Array.of(1) };
const constants = {
  shape: int64Tensor([4], SHAPE),
  inferred: int64Tensor([4], [0, 0, -1, 4]),
  flat: int64Tensor([2], [2, 20]),
  ones: float32Tensor([4], [1, 1, 1, 1]),
  larger: float32Tensor([4], [1, 1, 1.1, 1]),
  none: float32Tensor([0], []),
  ratio: float32Tensor([], [0.5]),
  train: bool,
};

/** A model of one node from `a` to `b`, between two others. */
function around(middle: Node, shape: readonly (number | string)[] = SHAPE, opset = 17) {
  const declared = (name: string) => ({ name, type: { dtype: 'float32', shape } as const });
  const used = Object.entries(constants).filter(([name]) => middle.inputs.includes(name));
  return {
    ...handmade({
      nodes: [node('Relu', ['x'], ['a']), middle, node('Neg', ['b'], ['y'])],
      initializers: new Map(used),
      inputs: [declared('x')],
      outputs: [{ name: 'y', type: { dtype: 'float32' } }],
    }),
    opsets: new Map([['', opset]]),
  };
}

const one = (
  opType: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
) => node(opType, ['a', ...inputs], ['b'], attributes);
const resize = (inputs: readonly string[], attributes: Readonly<Record<string, string>> = {}) =>
  one('Resize', inputs, {
    mode: string('linear'),
    ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, string(value)])),
  });

describe('what gives back what it is given is left out', () => {
  it.each<[string, Node]>([
    ['Identity', one('Identity', [])],
    ['Dropout', one('Dropout', [])],
    ['Dropout with a ratio', one('Dropout', ['ratio'])],
    ['Cast to the same type', one('Cast', [], { to: int(1) })],
    ['Reshape to the same sizes', one('Reshape', ['shape'])],
    ['Reshape that copies sizes', one('Reshape', ['inferred'])],
    ['Resize by 1', resize(['', 'ones'])],
    ['Resize to the same sizes', resize(['', '', 'shape'])],
    ['Resize of opset 11, to sizes', resize(['none', 'none', 'shape'])],
    ['Resize to the nearest', resize(['', 'ones'], { mode: 'nearest' })],
  ])('%s', async (_, middle) => {
    const { operators } = await expectHolds(around(middle), noOperation);
    expect(operators).toEqual({ Relu: 1, Neg: 1 });
  });

  it('where sizes are open', async () => {
    const { operators } = await expectHolds(around(one('Identity', []), ['N', 2, 'H', 4]), noOperation, {
      N: 2,
      H: 3,
    });
    expect(operators).toEqual({ Relu: 1, Neg: 1 });
    await expectHolds(around(resize(['', 'ones']), ['N', 2, 'H', 4]), noOperation, { N: 2, H: 3 });
  });

  it('but an output keeps its name, and what is read beside it too', () => {
    const declared = (name: string) => ({ name, type: { dtype: 'float32', shape: [2] } as const });
    const nodes = [node('Identity', ['x'], ['y']), node('Relu', ['y'], ['z'])];
    const model = handmade({ nodes, inputs: [declared('x')], outputs: [declared('y'), declared('z')] });
    expectRefuses(model, noOperation);
    const chain = [
      node('Identity', ['x'], ['a']),
      node('Identity', ['a'], ['b']),
      node('Identity', ['b'], ['y']),
    ];
    const { model: after, changes } = rewrite(
      { ...model, graph: { ...model.graph, nodes: [...chain, node('Relu', ['b'], ['z'])] } },
      noOperation,
    );
    expect(changes).toBe(2);
    expect(after.graph.nodes.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([
      [['x'], ['y']],
      [['x'], ['z']],
    ]);
  });
});

describe('it stays', () => {
  it.each<[string, Node, number]>([
    ['Dropout that trains', one('Dropout', ['ratio', 'train']), 17],
    ['Dropout of the first opsets', one('Dropout', [], { is_test: int(0) }), 6],
    ['Dropout with its mask', { ...one('Dropout', []), outputs: ['b', 'mask'] }, 17],
    ['Cast to another type', one('Cast', [], { to: int(11) }), 17],
    ['Cast to what is not known', one('Cast', [], { to: int(8) }), 17],
    ['Reshape to other sizes', one('Reshape', ['flat']), 17],
    ['Resize by 1.1, to as many pixels', resize(['', 'larger']), 17],
    ['cubic Resize', resize(['', 'ones'], { mode: 'cubic' }), 17],
    [
      'Resize of other centres',
      resize(['', 'ones'], { coordinate_transformation_mode: 'tf_half_pixel_for_nn' }),
      11,
    ],
    ['another operator', one('Elu', [], { alpha: float(1) }), 17],
    ['another domain', { ...one('Identity', []), domain: 'org.example' }, 17],
    ['Transpose', one('Transpose', [], { perm: ints([0, 1, 2, 3]) }), 17],
  ])('%s', (_, middle, opset) => {
    expectRefuses(around(middle, SHAPE, opset), noOperation);
  });

  it('where sizes may be given', () => {
    expectRefuses(overridable(around(one('Reshape', ['shape'])), 'shape'), noOperation);
    expectRefuses(overridable(around(resize(['', '', 'shape'])), 'shape'), noOperation);
    expectRefuses(overridable(around(resize(['', 'ones'])), 'ones'), noOperation);
  });

  it('where nothing is known of what is given', () => {
    const model = around(one('Identity', []));
    const nodes = [node('Mystery', ['x'], ['a']), ...model.graph.nodes.slice(1)];
    expectRefuses({ ...model, graph: { ...model.graph, nodes } }, noOperation);
  });
});
