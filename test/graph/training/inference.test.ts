import { expect, it } from '@jest/globals';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { layers, training } from '../../../src/index.js';

it('computes with the weights and running statistics of a state what a step on running statistics does', async () => {
  const dims = [2, 1, 8, 8];
  const build = (seed: number) => {
    const image = training.input('image', dims);
    const weights = training.initialWeights(seed);
    const logits = layers.conv2d(layers.doubleConv(image, weights, 4), weights.scope('head'), 1, 1);
    const optimizer = { rates: training.constantRate(0.05) };
    const common = {
      inputs: [image],
      logits,
      head: 'sigmoid',
      loss: training.crossEntropy,
      optimizer,
    } as const;
    return {
      batch: training.trainingStep(common),
      running: training.trainingStep({ ...common, statistics: 'running' }),
    };
  };
  const { batch, running } = build(0);
  const image = { dims, data: Float32Array.from({ length: 128 }, (_, i) => Math.sin(i)) };
  const targets = { dims, data: image.data.map((value) => Number(value > 0)) };
  await using stepping = await createSession(training.modelBytes(batch.model));
  const state = batch.nextState(await stepping.run({ image, targets, ...batch.initialState() }));
  const { parameters, running_statistics } = state;
  if (parameters === undefined || running_statistics === undefined) throw new TypeError('no state');
  await using session = await createSession(training.modelBytes(batch.inference()));
  const { probabilities } = await session.run({ image, parameters, running_statistics }, { type: 'float32' });
  await using expected = await createSession(training.modelBytes(running.model));
  const { logits } = await expected.run({ image, targets, ...state }, { type: 'float32' });
  const found = Array.from(probabilities?.data ?? [], (p) => Math.log(p / (1 - p)));
  for (const [index, logit] of (logits?.data ?? []).entries()) expect(found[index]).toBeCloseTo(logit, 4);
  expect(found).toHaveLength(128);
  // Other seeds begin elsewhere.
  expect(build(1).batch.initialState().parameters?.data).not.toEqual(batch.initialState().parameters?.data);
});
