import { expect, it } from '@jest/globals';
import { symbol } from '../../../graph/ir/dim.js';
import { input } from '../../../graph/ir/value.js';
import { relu } from '../../../graph/ops/unary.js';
import { calibrate, type RunEach } from '../../../graph/quantization/calibrate.js';
import { assemble } from '../../../graph/rewriting/assemble.js';
import { run } from '../../support/graph.js';

const x = input('x', 'float32', [1, symbol('N')]);
const model = assemble({ name: 'g', inputs: [x], outputs: { y: relu(x) }, producerVersion: '0' });
const layers = [{ name: 'conv', input: 'x', output: 'y' }];

const runs = (...batches: Float32Array[]): RunEach => {
  return async (observed, take) => {
    for (const data of batches) {
      const outputs = Object.entries(await run(observed, { x: { dims: [1, data.length], data } }));
      take({
        x: data,
        ...Object.fromEntries(outputs.map(([name, { data }]) => [name, Float32Array.from(data)])),
      });
    }
  };
};

it('the range of a value is that of all images, and zero is in it', async () => {
  const ranges = await calibrate(
    model,
    layers,
    runs(Float32Array.of(1, 2), Float32Array.of(-3, 5)),
    'minmax',
  );
  expect(Object.fromEntries(ranges)).toEqual({ x: { min: -3, max: 5 }, y: { min: 0, max: 5 } });
  const above = await calibrate(model, layers, runs(Float32Array.of(1, 2)), 'minmax');
  expect(above.get('x')).toEqual({ min: 0, max: 2 });
});

it('percentile leaves out what seldom occurs, and nothing where all is alike', async () => {
  const values = Float32Array.from({ length: 100_000 }, (_, at) => (at < 5 ? 1000 : (at % 1000) / 1000));
  const cut = (await calibrate(model, layers, runs(values), 'percentile')).get('x');
  expect(cut?.min).toBe(0);
  expect(cut?.max).toBeGreaterThanOrEqual(0.999);
  expect(cut?.max).toBeLessThan(1.5);
  const even = Float32Array.from({ length: 100_000 }, (_, at) => (at % 1000) / 500 - 1);
  const kept = (await calibrate(model, layers, runs(even), 'percentile')).get('x');
  expect(kept?.min).toBeCloseTo(-1, 2);
  expect(kept?.max).toBeCloseTo(1, 2);
});

it.each([
  [8, 'leaves out', 2],
  [12, 'keeps', 1000],
])('percentile: of 100,000 values the %d farthest out it %s', async (count, _, most) => {
  const values = Float32Array.from({ length: 100_000 }, (_, at) => (at < count ? 1000 : (at % 1000) / 1000));
  const { min, max } = (await calibrate(model, layers, runs(values), 'percentile')).get('x') ?? {};
  expect(min).toBe(0);
  expect(max).toBeGreaterThanOrEqual(most === 1000 ? 1000 : 0.999);
  expect(max).toBeLessThanOrEqual(most);
});

it('what is one number everywhere has a range', async () => {
  const zeros = await calibrate(model, layers, runs(new Float32Array(10)), 'percentile');
  expect(zeros.get('x')).toEqual({ min: 0, max: 0 });
});
