import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { ownKeys } from '../../../exporters/backbones/backbone.js';
import { UNet } from '../../../exporters/backbones/unet.js';
import { Weights } from '../../../exporters/nn/weights.js';
import { encodeModel } from '../../../graph/file/write.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import { input } from '../../../graph/ir/value.js';
import { crossEntropy, softDice, weightedSum } from '../../../graph/training/losses.js';
import { constantRate } from '../../../graph/training/schedule.js';
import { type Numbers, trainingStep } from '../../../graph/training/step.js';
import { fixture } from '../../support/fixtures.js';
import { seeded } from '../../support/seeded.js';

const onnxruntime = await import('onnxruntime-node');

/** As in fixtures/training.py. */
const [WIDTH, BATCH, SIDE, RATE] = [8, 4, 64, 2e-3];
const losses: readonly number[] = JSON.parse(readFileSync(fixture('gradients', 'unet.json'), 'utf8'));

/** Noise with one brighter disc an image, and the discs. */
function discs(): Record<'image' | 'targets', Numbers> {
  const dims = [BATCH, 3, SIDE, SIDE];
  const image = Float32Array.from(float32Values(seeded('input', dims)));
  const targets = new Float32Array(BATCH * SIDE * SIDE);
  for (let n = 0; n < BATCH; n++) {
    const [y, x, radius] = [20 + 7 * n, 44 - 7 * n, 10 + 2 * n];
    for (let place = 0; place < SIDE * SIDE; place++) {
      const [down, right] = [Math.floor(place / SIDE) - y, (place % SIDE) - x];
      if (down ** 2 + right ** 2 >= radius ** 2) continue;
      targets[n * SIDE * SIDE + place] = 1;
      for (let c = 0; c < 3; c++) {
        const pixel = (n * 3 + c) * SIDE * SIDE + place;
        image[pixel] = Number(image[pixel]) + 0.5;
      }
    }
  }
  return { image: { dims, data: image }, targets: { dims: [BATCH, 1, SIDE, SIDE], data: targets } };
}

it('the whole original U-Net, encoder and all, learns in the step as it does in PyTorch', async () => {
  const network = UNet.ofWidth(WIDTH);
  if (network.own === undefined) throw new Error('no decoder of its own');
  const image = input('image', 'float32', [BATCH, 3, SIDE, SIDE]);
  const weights = Weights.from(seeded);
  const logits = network.own.logits(network.skips(image, weights), weights, image);
  const step = trainingStep({
    inputs: [image],
    logits,
    head: 'sigmoid',
    loss: weightedSum([
      [1, crossEntropy],
      [1, softDice()],
    ]),
    optimizer: { rates: constantRate(RATE) },
  });
  // Of every convolution that a BatchNorm follows.
  expect(step.absorbed).toHaveLength(18);
  const keys = [...network.keys.keys(), ...ownKeys(network, network.own).keys()];
  expect([...step.weights(step.initialState()).keys()].toSorted()).toEqual(keys.toSorted());
  const options = { intraOpNumThreads: 2, logSeverityLevel: 4 } as const;
  const session = await onnxruntime.InferenceSession.create(encodeModel(step.model), options);
  let state = step.initialState();
  const found: number[] = [];
  for (const _ of losses) {
    const feeds = Object.entries({ ...discs(), ...state }).map(([name, { dims, data }]) => [
      name,
      new onnxruntime.Tensor('float32', data, dims),
    ]);
    const outputs = await session.run(Object.fromEntries(feeds));
    state = step.nextState(outputs as unknown as Readonly<Record<string, Numbers>>);
    found.push(Number(outputs.loss?.data[0]));
  }
  await session.release();
  const furthest = Math.max(...losses.map((loss, index) => Math.abs(Number(found[index]) - loss) / loss));
  expect({ found, furthest: furthest < 0.01 || furthest }).toEqual({ found, furthest: true });
});
