import { expect, it } from '@jest/globals';
import { input } from '../../../graph/ir/value.js';
import { instanceNormalization } from '../../../graph/ops/normalization.js';
import { modelOf, run } from '../../support/graph.js';
import { filled } from '../../support/rewritten.js';

const x = input('x', 'float32', [2, 3, 2, 4]);
const [scale, bias] = [filled([3], [1, -2, 0.5]), filled([3], [0, 1, 2])];

it('instance normalisation is over the places of each channel of each image, from opset 13 on', async () => {
  const y = instanceNormalization(x, scale, bias, 1e-5);
  const data = Float32Array.from({ length: 48 }, (_, at) => Math.sin(at) * (1 + at));
  const { y: ran } = await run(modelOf([x], { y }, 13), { x: { dims: [2, 3, 2, 4], data } });
  expect(ran?.dims).toEqual(y.shape);
  for (let image = 0; image < 6; image++) {
    const values = [...data.slice(8 * image, 8 * image + 8)];
    const mean = values.reduce((sum, value) => sum + value, 0) / 8;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 8 + 1e-5);
    const channel = image % 3;
    for (const [at, value] of values.entries()) {
      const expected = (([1, -2, 0.5][channel] ?? 0) * (value - mean)) / deviation + channel;
      expect(ran?.data[8 * image + at]).toBeCloseTo(expected, 4);
    }
  }
});

it('instance normalisation needs places, and a scale and a bias of the channels', () => {
  const flat = input('v', 'float32', [2, 3]);
  expect(() => instanceNormalization(flat, scale, bias, 1e-5)).toThrow(/\[2, 3\] has no spatial axis/);
  const short = filled([2], [1, 1]);
  expect(() => instanceNormalization(x, short, bias, 1e-5)).toThrow(/scale is \[2\], x is \[2, 3, 2, 4\]/);
  expect(() => instanceNormalization(x, scale, short, 1e-5)).toThrow(/bias is \[2\], x is \[2, 3, 2, 4\]/);
});
