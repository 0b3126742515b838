import { expect, it } from '@jest/globals';
import type { QuantizableLayer } from '../../../graph/quantization/layers.js';
import { type Search, withinBudget } from '../../../graph/quantization/search.js';
import { handmade } from '../../support/graph.js';

const model = handmade({});

/** Layers by what each costs; several cost what they do together. Time is up after so many models. */
function searching(costs: readonly number[], budget: number, models = Number.POSITIVE_INFINITY) {
  const layers = costs.map((_, index) => ({ name: `${index}`, input: 'x', output: 'y' }));
  const lossOf = (some: readonly QuantizableLayer[]) =>
    some.reduce((sum, { name }) => sum + (costs[Number(name)] ?? 0), 0);
  const tried: string[] = [];
  const search: Search = {
    ...{ layers, budget, all: { model, loss: lossOf(layers) } },
    async on8Bits(some) {
      tried.push(some.map(({ name }) => name).join(''));
      return { model, loss: lossOf(some) };
    },
    isTimeUp: () => tried.length >= models,
  };
  return { search, tried };
}

const found = async (search: Search) => {
  const mixture = await withinBudget(search);
  return mixture && { float: mixture.float.map(({ name }) => name).join(''), gaveUp: mixture.gaveUp };
};

it('all layers, where that is within the budget: nothing is tried', async () => {
  const { search, tried } = searching([1, 2, 3], 6);
  expect(await found(search)).toEqual({ float: '', gaveUp: undefined });
  expect(tried).toEqual([]);
});

it('the most sensitive in float, those again on integers that there is room for', async () => {
  const { search, tried } = searching([1, 5, 2, 4], 6);
  expect(await found(search)).toEqual({ float: '13', gaveUp: undefined });
  const { search: roomy } = searching([1, 2, 8, 9], 4);
  expect(await found(roomy)).toEqual({ float: '32', gaveUp: undefined });
  expect(tried.slice(0, 4)).toEqual(['0', '1', '2', '3']);
  const { search: tight } = searching([5, 4, 3, 3], 6);
  expect(await found(tight)).toEqual({ float: '01', gaveUp: undefined });
});

it('once time is up, what was not measured stays in float', async () => {
  const { search, tried } = searching([1, 2, 3, 4, 5], 3, 2);
  expect(await found(search)).toEqual({ float: '234', gaveUp: { unmeasured: 3, untried: 2 } });
  expect(tried).toEqual(['0', '1', '10']);
});

it('then fewer and fewer layers are tried, and not one less at a time', async () => {
  const { search, tried } = searching(Array(64).fill(1), 5, 64);
  const mixture = await withinBudget(search);
  expect(mixture?.integer).toHaveLength(1);
  expect(mixture?.gaveUp).toMatchObject({ unmeasured: 0 });
  expect(tried.length).toBeLessThan(64 + 8);
});

it('nothing is found where there was no time to measure anything', async () => {
  const { search, tried } = searching([1, 2, 3], 3, 0);
  expect(await withinBudget(search)).toBeUndefined();
  expect(tried).toEqual([]);
  const none = { model, loss: 1 };
  expect(await withinBudget({ ...search, none })).toMatchObject({ integer: [], gaveUp: { unmeasured: 3 } });
});
