import { afterAll, describe, expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../../exporters/assembly/export-model.js';
import { planExport } from '../../../exporters/assembly/export-plan.js';
import { type Checkpoint, openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { symbol } from '../../../graph/ir/dim.js';
import type { Model } from '../../../graph/ir/model.js';
import type { Value } from '../../../graph/ir/value.js';
import { add, div, mul, sub } from '../../../graph/ops/elementwise.js';
import { resizeLinear } from '../../../graph/ops/resize.js';
import { optimize } from '../../../graph/passes/optimize.js';
import { cases, fixture, toldBy } from '../../support/fixtures.js';
import { modelOf } from '../../support/graph.js';
import { convolved, expectSame, image, normalized, perChannel } from '../../support/rewritten.js';

const opened: Checkpoint[] = [];
afterAll(() => {
  for (const checkpoint of opened) checkpoint.close();
});

async function exported(
  name: string,
  size: { batch?: number; height?: number; width?: number },
): Promise<Model> {
  const found = cases.find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`no case '${name}'`);
  const checkpoint = await openCheckpoint(fixture('cases', found.checkpoint));
  opened.push(checkpoint);
  return exportCheckpoint(checkpoint, planExport({ ...toldBy(found), size })).model;
}

describe.each(['eed-CR_B-gelu-zip', 'hd-C_BR-relu-zip', 'lmd-CB_R-tanh-zip', 'original-transposed'])(
  '%s',
  (name) => {
    it.each([
      { level: 'standard', target: 'cpu' },
      { level: 'latency', target: 'cpu' },
      { level: 'latency', target: 'cpu', precompute: true },
      { level: 'latency', target: 'wasm' },
      { level: 'standard', target: 'webgpu' },
    ] as const)('%j gives the same probabilities', async (options) => {
      for (const size of [{ batch: 2, height: 32, width: 48 }, {}]) {
        const model = await exported(name, size);
        const { model: after, changes } = optimize(model, options);
        await expectSame(model, after, { N: 1, H: 32, W: 16 });
        expect(Object.values(changes).every((count) => count > 0)).toBe(true);
        // Where nothing but folding is done: other forms may take more nodes.
        if (options.target === 'webgpu')
          expect(after.graph.nodes.length).toBeLessThan(model.graph.nodes.length);
        expect(optimize(model, { level: 'none' }).model).toBe(model);
      }
    });

    it('a second time changes nothing', async () => {
      const { model } = optimize(await exported(name, { batch: 1, height: 32, width: 32 }));
      expect(optimize(model).changes).toEqual({});
    });
  },
);

describe('long chains', () => {
  const x = image('x', 1, 2, symbol('H'), 3);
  const factors = perChannel(0.5, -1.25);
  const steps: readonly ((value: Value, at: number) => Value)[] = [
    (value) => mul(value, factors),
    (value) => add(value, 0.01),
    (value) => sub(value, mul(x, 0.001)),
    (value, at) => normalized(value, `n${at}`),
    (value) => div(value, factors),
    (value) => add(mul(value, 0.5), mul(value, factors)),
  ];
  const chain = (length: number, from: Value, chosen: readonly (typeof steps)[number][]) => {
    let value = from;
    let state = 1;
    for (let at = 0; at < length; at++) {
      state = (state * 48271) % 0x7fffffff;
      value = chosen[state % chosen.length]?.(value, at) ?? value;
    }
    return value;
  };

  it('of affine nodes end, and are shorter', () => {
    const before = modelOf([x], { out: chain(2000, convolved(x, 'c', { channels: 2 }), steps) });
    const { model } = optimize(before);
    expect(model.graph.nodes.length).toBeLessThan(before.graph.nodes.length / 2);
    for (const tensor of model.graph.initializers.values()) expect(tensor.bytes().length).toBeGreaterThan(0);
  });

  it('of affine nodes become one node, however long: each part of them is folded at once', () => {
    // More than twenty rounds of one part each.
    const halves: typeof steps = [
      (value) => mul(value, perChannel(2, -0.5)),
      (value) => mul(value, perChannel(0.5, -2)),
      (value) => add(value, 0.01),
    ];
    const model = modelOf([x], { out: chain(6000, convolved(x, 'c', { channels: 2 }), halves) });
    expect(model.graph.nodes).toHaveLength(6001);
    expect(optimize(model).model.graph.nodes).toHaveLength(1);
  });

  it('of normalisations end in one convolution, as far as numbers reach', () => {
    const convolution = convolved(x, 'c', { channels: 2 });
    const nodesOf = (length: number) => {
      const { graph } = optimize(modelOf([x], { out: chain(length, convolution, steps.slice(3, 4)) })).model;
      for (const tensor of graph.initializers.values()) expect(tensor.bytes().length).toBeGreaterThan(0);
      return graph.nodes.length;
    };
    expect(nodesOf(100)).toBe(1);
    expect(nodesOf(2000)).toBeLessThan(2000);
  });

  it('of sums of many end', () => {
    const u = convolved(x, 'u', { channels: 2 });
    const y = mul(add(u, x), 0.5);
    const spread = Array.from({ length: 500 }, (_, at) => mul(y, at / 100));
    const sum = spread.reduce((total, value) => add(total, value), u);
    expect(optimize(modelOf([x], { out: sum })).model.graph.nodes.length).toBeLessThan(1004);
  });

  it('of Resizes end', () => {
    let value: Value = convolved(image('x', 1, 2, symbol('H', 2), 4), 'c', { channels: 2 });
    for (let at = 0; at < 2000; at++) value = resizeLinear(value, [at % 2 ? 2 : 0.5, 1], 'align_corners');
    const model = modelOf([image('x', 1, 2, symbol('H', 2), 4)], { out: mul(value, 2) });
    expect(optimize(model).model.graph.nodes).toHaveLength(2002);
  });
});
