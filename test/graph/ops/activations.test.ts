import { describe, expect, it } from '@jest/globals';
import { input, type Value } from '../../../graph/ir/value.js';
import { layerNormalization } from '../../../graph/ops/normalization.js';
import { globalAveragePool } from '../../../graph/ops/pool.js';
import { clip, hardSigmoid, hardSwish, relu, sigmoid, silu, softmax } from '../../../graph/ops/unary.js';
import { modelOf, run } from '../../support/graph.js';
import { filled, image } from '../../support/rewritten.js';

const x = image('x', 2, 3, 2, 4);
const data = Float32Array.from({ length: 48 }, (_, at) => (at - 24) / 3);

async function computed(y: Value, opset?: number) {
  const { y: ran } = await run(modelOf([x], { y }, opset), { x: { dims: [2, 3, 2, 4], data } });
  expect(ran?.dims).toEqual(y.shape);
  return ran?.data ?? [];
}

describe("elementwise functions are PyTorch's, from opset 13 on", () => {
  const bounded = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  it.each<[string, (value: Value) => Value, (value: number) => number]>([
    ['relu', relu, (v) => Math.max(v, 0)],
    ['relu6', (v) => clip(v, 0, 6), (v) => bounded(v, 0, 6)],
    ['sigmoid', sigmoid, (v) => 1 / (1 + Math.exp(-v))],
    ['hardSigmoid', hardSigmoid, (v) => bounded(v / 6 + 0.5, 0, 1)],
    ['hardSwish', hardSwish, (v) => v * bounded(v / 6 + 0.5, 0, 1)],
    ['silu', silu, (v) => v / (1 + Math.exp(-v))],
  ])('%s', async (_, of, expected) => {
    const found = await computed(of(x), 13);
    for (const [at, value] of data.entries()) expect(found[at]).toBeCloseTo(expected(value), 5);
  });
});

it('softmax over the channels adds up to one at each place', async () => {
  const found = await computed(softmax(x, 1));
  for (let n = 0; n < 2; n++) {
    for (let place = 0; place < 8; place++) {
      const at = (channel: number) => (n * 3 + channel) * 8 + place;
      const exponentials = [0, 1, 2].map((channel) => Math.exp(data[at(channel)] ?? 0));
      const sum = exponentials.reduce((total, value) => total + value, 0);
      for (const channel of [0, 1, 2])
        expect(found[at(channel)]).toBeCloseTo((exponentials[channel] ?? 0) / sum, 5);
    }
  }
  expect(() => softmax(x, 4)).toThrow(/axis 4 is outside/);
});

it('the global average is that of each channel', async () => {
  const found = await computed(globalAveragePool(x));
  expect(found).toHaveLength(6);
  for (const [at, value] of found.entries()) {
    const places = data.slice(8 * at, 8 * at + 8);
    expect(value).toBeCloseTo(places.reduce((sum, each) => sum + each, 0) / 8, 5);
  }
  expect(() => globalAveragePool(input('v', 'float32', [2, 3]))).toThrow(/\[2, 3\] has no spatial axis/);
});

describe('layer normalisation', () => {
  const [scale, bias] = [filled([4], [1, -2, 0.5, 0]), filled([4], [0, 1, 2, 3])];

  it('is over the last axis', async () => {
    const found = await computed(layerNormalization(x, scale, bias, 1e-6));
    for (let row = 0; row < 12; row++) {
      const values = [...data.slice(4 * row, 4 * row + 4)];
      const mean = values.reduce((sum, value) => sum + value, 0) / 4;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4 + 1e-6);
      for (const [i, value] of values.entries()) {
        const expected = (([1, -2, 0.5, 0][i] ?? 0) * (value - mean)) / deviation + i;
        expect(found[4 * row + i]).toBeCloseTo(expected, 4);
      }
    }
  });

  it('needs opset 17, and a scale and a bias of that axis', () => {
    const y = layerNormalization(x, scale, bias, 1e-6);
    expect(() => modelOf([x], { y }, 16)).toThrow(/opset 16 is too old: LayerNormalization .* needs 17/);
    expect(() => layerNormalization(x, filled([3], [1, 1, 1]), bias, 1e-6)).toThrow(
      /scale is \[3\], expected \[4\]/,
    );
    expect(() => layerNormalization(x, scale, filled([1], [1]), 1e-6)).toThrow(
      /bias is \[1\], expected \[4\]/,
    );
  });
});
