import { describe, expect, it } from '@jest/globals';
import { NmodeError } from '../../../graph/common/errors.js';
import { symbol } from '../../../graph/ir/dim.js';
import { float32Tensor, float32Values } from '../../../graph/ir/tensor.js';
import { initializer, input } from '../../../graph/ir/value.js';
import { mul } from '../../../graph/ops/elementwise.js';
import { batchNormalization } from '../../../graph/ops/normalization.js';
import { reshape } from '../../../graph/ops/reshape.js';
import { crossEntropy, weightedSum } from '../../../graph/training/losses.js';
import { oneCycle } from '../../../graph/training/schedule.js';
import { type TrainingOptions, trainingStep } from '../../../graph/training/step.js';
import {
  caseName,
  errorsOf,
  furthest,
  isClose,
  train,
  trainingCases,
  trainingOf,
} from '../../support/training.js';

/** Every solver with every order, each with one of the activations, and the special cases; steps.extended.ts has all. */
const some = trainingCases.filter((_, index) => index >= 36 || index % 3 === Math.floor(index / 3) % 3);

it.each(some.map((line) => [caseName(line), line] as const))(
  "a training of %s is PyTorch's in float64",
  async (_, line) => {
    const errors = await errorsOf(line);
    expect({ errors, isClose: isClose(errors, line) }).toEqual({ errors, isClose: true });
  },
);

describe('a training', () => {
  const [line] = trainingCases;
  if (line === undefined) throw new Error('no case');

  it('gives the same numbers each time, on two threads', async () => {
    expect(await train(line, { threads: 2 })).toEqual(await train(line, { threads: 2 }));
  });

  it.each([
    [{ head: 'sigmod' }, "head 'sigmod', expected sigmoid or softmax"],
    [{ statistics: 'none' }, "statistics 'none', expected batch or running"],
    [{ optimizer: { rates: [1, 1, 1, 1, 1, 1, -1] } }, 'learning rates [-1], expected one per step'],
  ])('of %j is refused', (slip, message) => {
    const x = input('x', 'float32', [1, 1, 2, 2]);
    const logits = mul(x, initializer('w', float32Tensor([1, 1, 1, 1], [2])));
    const options = { inputs: [x], logits, head: 'sigmoid', loss: crossEntropy, optimizer: { rates: [1] } };
    expect(() => trainingStep({ ...options, ...slip } as TrainingOptions)).toThrow(message);
  });

  it('leaves what is not chosen as it was, statistics of its BatchNorms included', async () => {
    const isTrained = (name: string) => name.startsWith('up3.') || name.startsWith('outc.');
    const { step } = trainingOf(line, { isTrained });
    const before = new Map([...step.weights(step.initialState())].map(([k, v]) => [k, float32Values(v)]));
    const [, after] = await train(line, { isTrained });
    const changed = [...before].filter(
      ([key, values]) => furthest(new Map([[key, values]]), after ?? new Map(), [key]) > 0,
    );
    expect(changed.map(([key]) => key).toSorted()).toEqual(
      [...before.keys()].filter((key) => isTrained(key)).toSorted(),
    );
    expect(step.trained.every(isTrained)).toBe(true);
  });

  it('leaves out biases that a BatchNorm takes away, and no others', () => {
    const absorbedBy = (order: string) => {
      const found = trainingCases.find((other) => other.decoder === 'hd' && other.order === order);
      return found && trainingOf(found).step.absorbed;
    };
    expect(absorbedBy('C_RB')).toEqual([]);
    expect(absorbedBy('CR_B')).toEqual([]);
    expect(absorbedBy('C_BR')?.toSorted()).toEqual([
      'up1.g.bias',
      'up1.g_post.bias',
      'up2.g.bias',
      'up2.g_post.bias',
      'up3.g.bias',
    ]);
    expect(absorbedBy('CB_R')?.toSorted()).toEqual([
      'up1.g.0.bias',
      'up1.g_post.0.bias',
      'up2.g.0.bias',
      'up2.g_post.0.bias',
      'up3.g.0.bias',
    ]);
  });
});

describe('a step is refused', () => {
  const x = input('x', 'float32', [1, 2, 1, 1]);
  const weight = initializer('w', float32Tensor([2], [1, 2]));
  const plain = { inputs: [x], head: 'sigmoid', loss: crossEntropy, optimizer: { rates: [0.1] } } as const;
  const logits = mul(x, reshape(weight, [2, 1, 1]));
  const normalized = batchNormalization(x, weight, weight, weight, weight, 1e-5);
  const open = mul(input('x', 'float32', [symbol('N'), 2, 1, 1]), reshape(weight, [2, 1, 1]));
  it.each<[string, Partial<TrainingOptions>, string]>([
    ['without a weight', { logits: mul(x, 2) }, 'none of the 0 weights of the network is trained'],
    [
      'without a chosen weight',
      { isTrained: () => false },
      'none of the 1 weights of the network is trained',
    ],
    ['with an input too few', { inputs: [] }, "computed from 'x', which is not among the inputs: add it"],
    ['with a taken name', { inputs: [input('step', 'float32', [1])] }, "called 'step', as one of the step"],
    [
      'with one number a channel',
      { logits: normalized },
      'a batch with one number per channel has no variance',
    ],
    ['with an open size', { logits: open }, 'expected [N, classes, ...] of sizes that are known'],
    ['with no loss', { loss: weightedSum([]) }, 'a sum of no losses: give one at least'],
    ['with a momentum of 2', { momentum: 2 }, 'momentum 2, expected a number from 0 to 1'],
    ['without rates', { optimizer: { rates: [] } }, 'learning rates [], expected one per step'],
    ['with a negative rate', { optimizer: { rates: [-1] } }, 'learning rates [-1], expected one per step'],
    ['with a beta of 1', { optimizer: { rates: [1], betas: [0.9, 1] } }, 'betas 0.9,1, expected two'],
    [
      'with a decay that is not a number',
      { optimizer: { rates: [1], weightDecay: Number.NaN } },
      'weightDecay NaN',
    ],
    ['with a norm of 0', { optimizer: { rates: [1], maxNorm: 0 } }, 'maxNorm 0, expected a number above 0'],
    [
      'with an epsilon of 0',
      { optimizer: { rates: [1], epsilon: 0 } },
      'epsilon 0, expected a number above 0',
    ],
  ])('%s', (_, options, message) => {
    expect(() => trainingStep({ ...plain, logits, ...options })).toThrow(message);
    expect(() => trainingStep({ ...plain, logits, ...options })).toThrow(NmodeError);
  });

  it('and so are a state that lacks a part, one of another training, and a cycle of three steps', () => {
    const step = trainingStep({ ...plain, logits });
    expect(() => step.nextState({})).toThrow(
      "no float32 numbers 'next_parameters' among nothing: give all that a step returned",
    );
    const short = { dims: [1], data: new Float32Array(1) };
    expect(() => step.weights({ parameters: short })).toThrow('a state of 1 numbers, expected the 2');
    expect(() => oneCycle(0.1, 3)).toThrow('a cycle of 3 steps, expected a whole number from 7');
  });
});
