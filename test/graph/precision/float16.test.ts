import { expect, it } from '@jest/globals';
import { halfPrecision } from '../../../graph/precision/float16.js';
import { handmade, node } from '../../support/graph.js';

it('a graph of more values than a runtime could hand over is refused before it is run', async () => {
  const names = Array.from({ length: 20_001 }, (_, at) => `y${at}`);
  const model = handmade({
    inputs: [{ name: 'x', type: { dtype: 'float32', shape: [1] } }],
    nodes: names.map((name) => node('Relu', ['x'], [name])),
    outputs: [{ name: 'y0' }],
  });
  const run = () => {
    throw new Error('it was run');
  };
  await expect(halfPrecision(model, run)).rejects.toMatchObject({
    code: 'BAD_MODEL',
    message: expect.stringMatching(/^it has 20001 values in float32: of more than 20000/),
  });
});
