import { describe, expect, it } from '@jest/globals';
import type { Model } from '../../../graph/ir/model.js';
import { concat } from '../../../graph/ops/concat.js';
import { depthToSpace } from '../../../graph/ops/depth-to-space.js';
import { add } from '../../../graph/ops/elementwise.js';
import { relu, sigmoid } from '../../../graph/ops/unary.js';
import type { Target } from '../../../graph/passes/winograd/cost.js';
import type { RunEach } from '../../../graph/quantization/calibrate.js';
import { quantize } from '../../../graph/quantization/quantize.js';
import { modelOf, run } from '../../support/graph.js';
import { convolved, image, relativeError } from '../../support/rewritten.js';

const x = image('x', 1, 8, 16, 16);
const same = { kernel: [3, 3], pads: [1, 1, 1, 1] };
const pixels = { dims: [1, 8, 16, 16], data: Float32Array.from({ length: 8 * 256 }, (_, i) => Math.sin(i)) };

/** What a model gives. */
async function floatsOf(
  model: Model,
  feeds: Parameters<typeof run>[1],
): Promise<Record<string, Float32Array>> {
  const outputs = Object.entries(await run(model, feeds));
  return Object.fromEntries(outputs.map(([name, { data }]) => [name, Float32Array.from(data)]));
}

/** Runs a model once, on what it is calibrated with. */
const runEach: RunEach = async (model, take) =>
  take({ x: pixels.data, ...(await floatsOf(model, { x: pixels })) });

/** All that can be quantised is, and the answer stays within a part of its range. */
async function expectIntegers(model: Model, layers: number, target: Target = 'cpu', winograd: string[] = []) {
  const lossOf = async () => 0;
  const quantized = await quantize(model, { method: 'minmax', target, budget: 1, runEach, lossOf });
  expect(quantized.layers).toHaveLength(layers);
  expect(quantized.winograd).toEqual(winograd);
  const [before, after] = [await run(model, { x: pixels }), await run(quantized.model, { x: pixels })];
  expect(relativeError(after.y?.data ?? [], before.y?.data ?? [])).toBeLessThan(0.05);
  return quantized.model;
}

/** What makes a value, by its name. */
const producers = ({ graph }: Model) =>
  new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));

/** The nodes of an operator between a DequantizeLinear on each input and a QuantizeLinear behind it, at most a ReLU apart. */
function onIntegers(model: Model, opType: string) {
  const [made, { nodes }] = [producers(model), model.graph];
  const readersOf = (name: string) => nodes.filter(({ inputs }) => inputs.includes(name));
  return nodes.filter((node) => {
    const isRead = node.inputs.every((name) => made.get(name)?.opType === 'DequantizeLinear');
    const readers = node.outputs.flatMap(readersOf);
    const behind = readers[0]?.opType === 'Relu' ? readers[0].outputs.flatMap(readersOf) : readers;
    const isGiven = behind.length > 0 && behind.every((reader) => reader.opType === 'QuantizeLinear');
    return node.opType === opType && isRead && isGiven;
  });
}

describe('layers that run on integers', () => {
  it('a depthwise convolution, by the channels that it reads in all', async () => {
    const first = relu(convolved(x, 'a', { channels: 16, ...same, bias: true }));
    const depthwise = relu(convolved(first, 'b', { channels: 16, ...same, bias: true, group: 16 }));
    const y = convolved(depthwise, 'c', { channels: 1, kernel: [1, 1], bias: true });
    const model = await expectIntegers(modelOf([x], { y }), 2);
    expect(onIntegers(model, 'Conv')).toHaveLength(2);
  });

  it('not those that give logits, also where these are moved, resized or added', async () => {
    const shuffled = depthToSpace(relu(convolved(x, 'a', { channels: 8, ...same })), 2);
    const logits = (name: string) => convolved(shuffled, name, { channels: 4, ...same });
    const y = sigmoid(add(depthToSpace(logits('b'), 2), depthToSpace(logits('c'), 2)));
    const quantized = await expectIntegers(modelOf([x], { y }), 1);
    expect(onIntegers(quantized, 'Conv')).toHaveLength(1);
  });

  it('the sums of residual branches, whose shortcut is quantised with them', async () => {
    const branch = (value: typeof x, name: string) =>
      convolved(relu(convolved(value, `${name}.1`, { channels: 8, ...same, bias: true })), `${name}.2`, {
        channels: 8,
        ...same,
        bias: true,
      });
    const stem = relu(convolved(x, 'stem', { channels: 8, ...same, bias: true }));
    const first = relu(add(branch(stem, 'a'), stem));
    const second = relu(add(branch(first, 'b'), first));
    const y = convolved(second, 'c', { channels: 1, kernel: [1, 1], bias: true });
    const model = await expectIntegers(modelOf([x], { y }), 5);
    // The last sum is read by the logits' convolution alone, which stays in float.
    expect(onIntegers(model, 'Add')).toHaveLength(1);
    const names = model.graph.nodes
      .filter(({ opType }) => opType === 'QuantizeLinear')
      .map(({ inputs }) => inputs[0]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('for WebAssembly not those that are faster in float: Winograd, with weights in int8', async () => {
    const wide = { channels: 256, ...same, bias: true };
    const first = relu(convolved(x, 'a', wide));
    const second = relu(convolved(first, 'b', wide));
    const third = relu(convolved(second, 'c', { channels: 8, ...same, bias: true }));
    const y = convolved(third, 'd', { channels: 1, kernel: [1, 1], bias: true });
    const plain = modelOf([x], { y });
    const wished = plain.graph.nodes.find(({ inputs }) => inputs[1] === 'b.weight')?.outputs ?? [];
    const model = await expectIntegers(plain, 2, 'wasm', [...wished]);
    // Of the convolutions that the form is made of, none is quantised.
    expect(onIntegers(model, 'Conv')).toHaveLength(2);
    expect(model.graph.nodes.filter(({ opType }) => opType === 'ConvTranspose')).toHaveLength(1);
    expect(model.graph.initializers.get('b.weight')).toMatchObject({ dtype: 'int8', dims: [256, 256, 3, 3] });
    await expectIntegers(plain, 3);
  });

  it('an image of three channels natively as one of four, which changes nothing', async () => {
    const image3 = image('x', 1, 3, 8, 8);
    const wide = relu(convolved(image3, 'a', { channels: 16, ...same, bias: true }));
    const thin = relu(convolved(image3, 'b', { channels: 2, ...same, bias: true }));
    const y = convolved(concat([wide, thin], 1), 'c', { channels: 1, kernel: [1, 1], bias: true });
    const model = modelOf([image3], { y });
    const data = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i));
    const feeds = { x: { dims: [1, 3, 8, 8], data } };
    const [native, wasm] = await Promise.all(
      (['cpu', 'wasm'] as const).map((target) =>
        quantize(model, {
          ...{ method: 'minmax', target, budget: 1, lossOf: async () => 0 },
          runEach: async (observed, take) => take({ x: data, ...(await floatsOf(observed, feeds)) }),
        }),
      ),
    );
    const channels = (quantized: Model | undefined) =>
      ['a', 'b'].map((name) => quantized?.graph.initializers.get(`${name}.weight`)?.dims[1]);
    expect([channels(native?.model), channels(wasm?.model)]).toEqual([
      [4, 3],
      [3, 3],
    ]);
    expect(await floatsOf(native?.model ?? model, feeds)).toEqual(
      await floatsOf(wasm?.model ?? model, feeds),
    );
  });
});

describe('a budget, beside layers in the form of Winograd', () => {
  const wide = { channels: 256, ...same, bias: true };
  const first = relu(convolved(x, 'a', wide));
  const second = relu(convolved(first, 'b', wide));
  const y = convolved(second, 'c', { channels: 1, kernel: [1, 1], bias: true });
  const model = modelOf([x], { y });
  const has = ({ graph }: Model, type: string) => graph.nodes.some(({ opType }) => opType === type);
  const within = (lossOf: (candidate: Model) => number) =>
    quantize(model, {
      ...{ method: 'minmax', target: 'wasm', budget: 1, runEach },
      lossOf: async (candidate) => lossOf(candidate),
    });

  it('that integers do not meet leaves these layers alone', async () => {
    const quantized = await within((candidate) => (has(candidate, 'QuantizeLinear') ? 2 : 0.1));
    expect(quantized).toMatchObject({
      layers: [],
      winograd: [expect.any(String)],
      float: [expect.any(String)],
    });
    expect(has(quantized.model, 'ConvTranspose')).toBe(true);
  });

  it('that their weights do not meet has them on integers', async () => {
    const quantized = await within((candidate) => (has(candidate, 'ConvTranspose') ? 2 : 0.1));
    expect(quantized).toMatchObject({ winograd: [], float: [] });
    expect(quantized.layers).toHaveLength(2);
  });

  it('that nothing meets leaves all in float', async () => {
    const quantized = await within(() => 2);
    expect(quantized).toMatchObject({ model, layers: [], winograd: [] });
    expect(quantized.float).toHaveLength(2);
  });
});

describe('the method that ranges are found by', () => {
  const model = modelOf([x], {
    y: convolved(relu(convolved(x, 'a', { channels: 8, ...same })), 'b', { channels: 1, ...same }),
  });
  /** Losses in the order in which models are compared. */
  const quantizedBy = (...losses: number[]) =>
    quantize(model, {
      ...{ target: 'cpu', budget: 1, runEach },
      lossOf: async () => losses.shift() ?? Number.NaN,
    });

  it('is minmax where all layers keep within the budget with it', async () => {
    expect(await quantizedBy(0.9, 0.1)).toMatchObject({ method: 'minmax', loss: 0.9 });
  });

  it('is else the one with which they cost less', async () => {
    expect(await quantizedBy(3, 0.5)).toMatchObject({ method: 'percentile', loss: 0.5, float: [] });
    expect(await quantizedBy(2, 3, 0.5)).toMatchObject({ method: 'minmax' });
  });
});
