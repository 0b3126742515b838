import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { openCheckpoint } from '../../../exporters/checkpoints/open.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import { createSession, layers, training } from '../../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-training-'));
afterAll(() => rmSync(folder, { recursive: true }));

const image = training.input('image', [2, 3, 4, 4]);

function stepFrom(weights: ReturnType<typeof training.initialWeights>) {
  const hidden = layers.groupNorm(layers.conv2d(image, weights.scope('a'), 4, 3), weights.scope('b'), 2);
  const logits = layers.conv2d(layers.batchNorm2d(hidden, weights.scope('c')), weights.scope('d'), 1, 1);
  const optimizer = { rates: training.constantRate(0.1) };
  return training.trainingStep({
    inputs: [image],
    logits,
    head: 'sigmoid',
    loss: training.softDice(),
    optimizer,
  });
}

it('a training goes on from the checkpoint that another one left', async () => {
  const step = stepFrom(training.initialWeights());
  const session = await createSession(training.modelBytes(step.model));
  const feeds = {
    image: { dims: [2, 3, 4, 4], data: Float32Array.from({ length: 96 }, (_, i) => Math.sin(i)) },
    targets: { dims: [2, 1, 4, 4], data: Float32Array.from({ length: 32 }, (_, i) => i % 2) },
  };
  const state = step.nextState(await session.run({ ...feeds, ...step.initialState() }));
  await session.close();
  const trained = step.weights(state);
  expect([...trained.keys()].toSorted()).toEqual([
    ...['a.bias', 'a.weight', 'b.bias', 'b.weight', 'c.bias', 'c.running_mean', 'c.running_var', 'c.weight'],
    ...['d.bias', 'd.weight'],
  ]);
  const before = step.weights(step.initialState());
  const changed = [...trained].filter(
    ([name, tensor]) => float32Values(tensor).join() !== training.valuesOf(before.get(name) ?? tensor).join(),
  );
  expect(changed).toHaveLength(10);
  const file = join(folder, 'trained.safetensors');
  writeFileSync(file, training.encodeSafetensors(trained));
  const checkpoint = await openCheckpoint(file);
  const again = stepFrom(training.weightsFrom(checkpoint.tensors));
  expect(again.initialState().parameters).toEqual(state.parameters);
  expect(again.initialState().running_statistics).toEqual(state.running_statistics);
  checkpoint.close();
});

it('a weight that is not among those given, or has another size, is told at once', () => {
  const none = new Map<string, training.Tensor>();
  expect(() => stepFrom(training.weightsFrom(none))).toThrow(
    "of the given tensors 'a.weight' is not there, the layer takes [4, 3, 3, 3]",
  );
  const short = new Map([
    ['a.weight', { dtype: 'float32', dims: [2], bytes: () => new Uint8Array(8) } as const],
  ]);
  expect(() => stepFrom(training.weightsFrom(short))).toThrow(
    "'a.weight' is [2], the layer takes [4, 3, 3, 3]",
  );
});

it('gradients are outputs of a model, also where one value is several of them', async () => {
  const x = training.input('x', [2]);
  const w = training.weight('w', [2], Float32Array.of(3, 4));
  const loss = training.reduceSum(training.mul(x, w), [0], false);
  const [dx, dw] = training.gradients(loss, [x, w]);
  if (dx === undefined || dw === undefined) throw new Error('two were asked for');
  const model = training.modelOf([x], { loss, dx, again: dx, dw });
  const session = await createSession(training.modelBytes(model));
  const found = await session.run({ x: { dims: [2], data: Float32Array.of(1, 2) } });
  await session.close();
  expect(Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, [...data]]))).toEqual({
    ...{ loss: [11], dx: [3, 4] },
    ...{ again: [3, 4], dw: [1, 2] },
  });
});
