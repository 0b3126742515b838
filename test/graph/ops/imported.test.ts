import { describe, expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { inferTypes } from '../../../graph/analysis/infer.js';
import { int, ints } from '../../../graph/ir/attribute.js';
import type { Node } from '../../../graph/ir/model.js';
import { int64Tensor } from '../../../graph/ir/tensor.js';
import { dimsOf, handmade, node } from '../../support/graph.js';

const sizes = [1, 3, 7, 9];
const vector = (...values: number[]) => int64Tensor([values.length], values);
const initializers = new Map(
  Object.entries({ axes: vector(2, -1), none: vector(0), parts: vector(3, 6), wide: vector(4, 1, 7, 9) }),
);

/** Shapes are those that onnxruntime computes, with sizes that are known. */
async function expectShapes(nodes: readonly Node[], outputs: readonly string[], opset: number) {
  const model = handmade({
    nodes,
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: sizes } }],
    outputs: outputs.map((name) => ({ name, type: { dtype: 'float32' } })),
    initializers,
  });
  const it = { ...model, opsets: new Map([['', opset]]) };
  check(it);
  const types = inferTypes(it);
  for (const [name, dims] of Object.entries(await dimsOf(it, { x: sizes }))) {
    expect({ name, shape: types.get(name)?.shape }).toEqual({ name, shape: dims });
  }
}

describe("what other exporters' networks have is followed", () => {
  const pool = { kernel_shape: ints([3, 3]), strides: ints([2, 2]) };
  it.each<[string, Node, number]>([
    ...['Sqrt', 'Exp', 'LeakyRelu', 'Elu', 'HardSwish'].map((opType): [string, Node, number] => [
      opType,
      node(opType, ['x'], ['y']),
      17,
    ]),
    ['Pow, with an exponent of another type', node('Pow', ['x', 'none'], ['y']), 17],
    ['AveragePool', node('AveragePool', ['x'], ['y'], { ...pool, pads: ints([1, 1, 1, 1]) }), 17],
    ['AveragePool rounded up', node('AveragePool', ['x'], ['y'], { ...pool, ceil_mode: int(1) }), 17],
    ['Flatten', node('Flatten', ['x'], ['y']), 17],
    ['Flatten of all but the last', node('Flatten', ['x'], ['y'], { axis: int(-1) }), 17],
    ['Flatten of all', node('Flatten', ['x'], ['y'], { axis: int(4) }), 17],
    ['Squeeze', node('Squeeze', ['x', 'none'], ['y']), 17],
    ['Squeeze without axes', node('Squeeze', ['x'], ['y']), 17],
    ['Squeeze with an attribute', node('Squeeze', ['x'], ['y'], { axes: ints([0]) }), 11],
    ['Expand', node('Expand', ['x', 'wide'], ['y']), 17],
    ['ReduceMean', node('ReduceMean', ['x'], ['y'], { axes: ints([2, -1]) }), 17],
    [
      'ReduceMean without the axes',
      node('ReduceMean', ['x'], ['y'], { axes: ints([1]), keepdims: int(0) }),
      17,
    ],
    ['ReduceSum with an input', node('ReduceSum', ['x', 'axes'], ['y'], { keepdims: int(0) }), 17],
    ['ReduceMax of all', node('ReduceMax', ['x'], ['y']), 17],
  ])('%s', (_, made, opset) => expectShapes([made], ['y'], opset));

  it('Split into parts that are told, before opset 13 and from then on', async () => {
    const told = { axis: int(3), split: ints([3, 6]) };
    await expectShapes([node('Split', ['x'], ['a', 'b'], told)], ['a', 'b'], 11);
    await expectShapes([node('Split', ['x', 'parts'], ['a', 'b'], { axis: int(3) })], ['a', 'b'], 17);
  });
});
