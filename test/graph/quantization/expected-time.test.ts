import { expect, it } from '@jest/globals';
import type { Model } from '../../../graph/ir/model.js';
import { apply } from '../../../graph/ir/op.js';
import { initializer, type Value } from '../../../graph/ir/value.js';
import { conv } from '../../../graph/ops/conv.js';
import { PRelu } from '../../../graph/ops/elementwise.js';
import { HardSwish, relu } from '../../../graph/ops/unary.js';
import { expectedTime } from '../../../graph/quantization/expected-time.js';
import { quantize } from '../../../graph/quantization/quantize.js';
import { modelOf, run } from '../../support/graph.js';
import { image } from '../../support/rewritten.js';
import { seeded } from '../../support/seeded.js';

const x = image('x', 1, 3, 16, 16);
const weight = (name: string, ...dims: number[]) => initializer(name, seeded(name, dims));
const feeds = {
  x: { dims: [1, 3, 16, 16], data: Float32Array.from({ length: 768 }, (_, at) => Math.sin(at)) },
};

/** Three layers of a kind, all but the head on integers. */
async function quantized(layer: (x: Value, name: string) => Value, channels: number): Promise<Model> {
  let y = relu(conv(x, weight('a', channels, 3, 1, 1)));
  for (const name of ['b', 'c', 'd']) y = layer(y, name);
  const built = modelOf([x], { y: conv(y, weight('h', 1, channels, 1, 1)) });
  const { model } = await quantize(built, {
    ...{ method: 'minmax', target: 'cpu', budget: 1, lossOf: async () => 0 },
    async runEach(observed, take) {
      const values = Object.entries(await run(observed, feeds));
      take({
        x: feeds.x.data,
        ...Object.fromEntries(values.map(([name, { data }]) => [name, Float32Array.from(data)])),
      });
    },
  });
  return model;
}

const same = { pads: [1, 1, 1, 1] };
const dense = (channels: number, size: number) => (value: Value, name: string) =>
  conv(value, weight(name, channels, channels, size, size), undefined, size === 3 ? same : {});
const depthwise = (value: Value, name: string) =>
  conv(value, weight(name, 64, 1, 3, 3), undefined, { ...same, group: 64 });

it('dense convolutions of many channels are faster on integers, whatever stands between them', async () => {
  const layer = dense(64, 3);
  for (const between of [relu, (value: Value) => apply(HardSwish, [value])]) {
    const time = expectedTime(await quantized((value, name) => between(layer(value, name)), 64));
    expect(time).toBeLessThan(0.6);
  }
});

it('depthwise ones and thin ones of one pixel are slower, and more so where an activation is in float', async () => {
  const plain = expectedTime(await quantized((value, name) => relu(depthwise(value, name)), 64));
  const swish = expectedTime(
    await quantized((value, name) => apply(HardSwish, [depthwise(value, name)]), 64),
  );
  expect(plain).toBeGreaterThan(1);
  expect(swish).toBeGreaterThan(plain ?? Number.NaN);
  expect(expectedTime(await quantized((value, name) => relu(dense(16, 1)(value, name)), 16))).toBeGreaterThan(
    1,
  );
});

it('PReLU costs float more than the quantisation around it', async () => {
  const layer = (value: Value, name: string) =>
    apply(PRelu, [dense(32, 3)(value, name), weight(`${name}.s`, 32, 1, 1)]);
  expect(expectedTime(await quantized(layer, 32))).toBeLessThan(0.6);
});

it('nothing is expected of a model in float', () => {
  expect(expectedTime(modelOf([x], { y: relu(x) }))).toBeUndefined();
});
