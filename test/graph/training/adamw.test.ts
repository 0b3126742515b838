import { expect, it } from '@jest/globals';
import { input } from '../../../graph/ir/value.js';
import { adamW } from '../../../graph/training/adamw.js';
import { oneCycle } from '../../../graph/training/schedule.js';
import { modelOf, run } from '../../support/graph.js';

const [B1, B2, EPSILON, DECAY] = [0.9, 0.999, 1e-8, 0.01];

/** One step in double. */
function expected(p: number, m: number, v: number, g: number, rate: number, t: number): number[] {
  const [first, second] = [B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g * g];
  const divisor = Math.sqrt(second / (1 - B2 ** t)) + EPSILON;
  return [p * (1 - rate * DECAY) - ((rate / (1 - B1 ** t)) * first) / divisor, first, second, t];
}

it.each([
  ['the first step', 0, 0.1],
  ['the second', 1, 0.3],
  ['one behind the end of the schedule, which has its last rate', 40, 0.3],
  ['one after a million', 1e6, 0.3],
])('%s is that of the equations, at its own place', async (_, taken, rate) => {
  const vectors = ['p', 'm', 'v', 'g'].map((name) => input(name, 'float32', [3]));
  const [parameters, firstMoment, secondMoment, gradient] = vectors;
  if (!parameters || !firstMoment || !secondMoment || !gradient) throw new Error('four vectors');
  const step = input('t', 'float32', [1]);
  const { state } = adamW({ parameters, firstMoment, secondMoment, step }, gradient, { rates: [0.1, 0.3] });
  const numbers = { p: [1, -2, 3], m: [0.1, -0.2, 0], v: [0.01, 0.5, 0], g: [0.3, 1e-4, -2] };
  const feeds = Object.entries(numbers).map(([name, list]) => [
    name,
    { dims: [3], data: Float32Array.from(list) },
  ]);
  const model = modelOf([...vectors, step], {
    ...{ parameters: state.parameters, first: state.firstMoment },
    ...{ second: state.secondMoment, next: state.step },
  });
  const found = await run(model, {
    ...Object.fromEntries(feeds),
    t: { dims: [1], data: Float32Array.of(taken) },
  });
  for (const index of [0, 1, 2]) {
    const of = (name: keyof typeof numbers) => Math.fround(Number(numbers[name][index]));
    const reference = expected(of('p'), of('m'), of('v'), of('g'), rate, taken + 1);
    const outputs = [found.parameters, found.first, found.second].map((output) =>
      Number(output?.data[index]),
    );
    outputs.push(Number(found.next?.data[0]));
    for (const [place, value] of reference.entries()) {
      expect(Math.abs(Number(outputs[place]) - value)).toBeLessThanOrEqual(
        2e-6 * Math.max(1, Math.abs(value)),
      );
    }
  }
});

it('a gradient is clipped to its norm, and one of zeros moves nothing', async () => {
  const g = input('g', 'float32', [2]);
  const zeros = (name: string) => input(name, 'float32', [2]);
  const state = {
    parameters: zeros('p'),
    firstMoment: zeros('m'),
    secondMoment: zeros('v'),
    step: input('t', 'float32', [1]),
  };
  const options = { rates: [0.1], betas: [0, 0], maxNorm: 1 } as const;
  const next = adamW(state, g, options);
  const model = modelOf([g, ...Object.values(state)], {
    ...{ norm: next.norm, first: next.state.firstMoment, parameters: next.state.parameters },
  });
  const still = { p: [2], m: [2], v: [2], t: [1] };
  const nothing = Object.fromEntries(
    Object.entries(still).map(([name, dims]) => [name, { dims, data: new Float32Array(Number(dims[0])) }]),
  );
  const large = await run(model, { ...nothing, g: { dims: [2], data: Float32Array.of(3, -4) } });
  expect(large.norm?.data).toEqual([5]);
  expect(large.first?.data.map((value) => value.toFixed(6))).toEqual(['0.600000', '-0.800000']);
  const none = await run(model, { ...nothing, g: { dims: [2], data: new Float32Array(2) } });
  expect([none.norm, none.first, none.parameters].map((output) => output?.data)).toEqual([
    [0],
    [0, 0],
    [0, 0],
  ]);
});

it("one cycle is PyTorch's OneCycleLR", () => {
  // torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 10, cycle_momentum=False).get_last_lr(), step by step.
  const rates = oneCycle(0.1, 10);
  expect(rates).toHaveLength(10);
  expect(rates.map((rate) => rate.toFixed(8))).toEqual([
    ...['0.00400000', '0.05200000', '0.10000000', '0.09504846', '0.08117457'],
    ...['0.06112620', '0.03887420', '0.01882583', '0.00495194', '0.00000040'],
  ]);
});
