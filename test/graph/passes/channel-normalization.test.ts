import { describe, expect, it } from '@jest/globals';
import { symbol } from '../../../graph/ir/dim.js';
import type { Value } from '../../../graph/ir/value.js';
import { layerNormalization } from '../../../graph/ops/normalization.js';
import { transpose } from '../../../graph/ops/transpose.js';
import { relu } from '../../../graph/ops/unary.js';
import { channelNormalization } from '../../../graph/passes/channel-normalization.js';
import { modelOf } from '../../support/graph.js';
import { expectHolds, expectRefuses, image, weight } from '../../support/rewritten.js';

const last = (x: Value) => transpose(x, [0, 2, 3, 1]);
const back = (x: Value) => transpose(x, [0, 3, 1, 2]);

function normalized(x: Value, epsilon = 1e-6): Value {
  const channels = Number(x.shape[1]);
  return layerNormalization(last(x), weight('s.weight', channels), weight('s.bias', channels), epsilon);
}

describe('a normalisation of few channels at each pixel is two products', () => {
  it.each([1, 2, 3, 8, 24, 80])('of %d channels', async (channels) => {
    for (const epsilon of [1e-6, 1e-3, 1]) {
      const x = image('x', 2, channels, 3, 5);
      const { operators } = await expectHolds(
        modelOf([x], { y: back(normalized(x, epsilon)) }),
        channelNormalization,
      );
      expect(operators).toEqual({ Reshape: 2, MatMul: 2, Mul: 2, Sqrt: 1, Div: 1, Add: 2 });
    }
  });

  it('twice, of the same transposed value, each with its own weights', async () => {
    const x = image('x', 1, 4, 3, 3);
    const shared = last(x);
    const outputs = ['a', 'b'].map((name) => {
      const [scale, bias] = [weight(`${name}.weight`, 4), weight(`${name}.bias`, 4)];
      return [name, relu(back(layerNormalization(shared, scale, bias, 1e-6)))] as const;
    });
    const { operators } = await expectHolds(modelOf([x], Object.fromEntries(outputs)), channelNormalization);
    expect(operators).toMatchObject({ MatMul: 4, Reshape: 4 });
  });

  it('of any size', async () => {
    const x = image('x', symbol('N'), 6, symbol('H'), symbol('W'));
    const model = modelOf([x], { y: back(normalized(x)) });
    await expectHolds(model, channelNormalization, { N: 2, H: 4, W: 7 });
  });
});

describe('it stays', () => {
  const x = image('x', 1, 4, 3, 3);
  const wide = image('x', 1, 81, 2, 2);
  const shared = normalized(x);
  const [scale, bias] = [weight('s.weight', 4), weight('s.bias', 4)];
  it.each<[string, Value, Record<string, Value>]>([
    ['of many channels', wide, { y: back(normalized(wide)) }],
    ['on the last axis', x, { y: normalized(x) }],
    ['where it is read as it is', x, { y: back(shared), z: relu(shared) }],
    ['transposed to another order', x, { y: transpose(normalized(x), [0, 3, 2, 1]) }],
    [
      'of a value in another order',
      x,
      { y: back(layerNormalization(transpose(x, [0, 3, 2, 1]), scale, bias, 1e-6)) },
    ],
    ['of no constant scale', x, { y: back(layerNormalization(last(x), relu(scale), bias, 1e-6)) }],
  ])('%s', (_, input, outputs) => {
    expectRefuses(modelOf([input], outputs), channelNormalization);
  });
});
