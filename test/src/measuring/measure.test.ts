import { expect, it } from '@jest/globals';
import { ints } from '../../../graph/ir/attribute.js';
import { measure } from '../../../src/measuring/measure.js';
import { handmade, node } from '../../support/graph.js';

it('sizes behind an operator that is not known are those of a run, at 256 x 256 where they are open', async () => {
  const pool = node('MaxPool', ['a'], ['b'], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const model = handmade({
    nodes: [
      { ...node('Gelu', ['x'], ['a']), domain: 'com.microsoft' },
      pool,
      node('Shape', ['b'], ['sizes']),
    ],
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: ['N', 3, 'H', 64] } }],
    outputs: ['a', 'b', 'sizes'].map((name) => ({ name })),
  });
  const opsets = new Map([...model.opsets, ['com.microsoft', 1]]);
  expect(Object.fromEntries(await measure({ ...model, opsets }))).toEqual({
    x: { dtype: 'float32', shape: [1, 3, 256, 64] },
    a: { dtype: 'float32', shape: [1, 3, 256, 64] },
    b: { dtype: 'float32', shape: [1, 3, 128, 32] },
  });
});
