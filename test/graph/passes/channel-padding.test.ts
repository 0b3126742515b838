import { describe, expect, it } from '@jest/globals';
import { symbol } from '../../../graph/dim.js';
import { relu } from '../../../graph/ops/unary.js';
import { channelPadding } from '../../../graph/passes/channel-padding.js';
import { grid, modelOf } from '../../support/graph.js';
import { convolved, expectHolds, expectRefuses, image, overridable } from '../../support/rewritten.js';

const same = { channels: 5, kernel: [3, 3], pads: [1, 1, 1, 1] };

it('reads a channel of zeros, whatever the window', async () => {
  for (const { channels, side, stride, dilation, bias } of grid({
    channels: [1, 2, 3],
    side: [2, 3],
    stride: [1, 2],
    dilation: [1, 2],
    bias: [0, 1],
  })) {
    const x = image('x', 2, channels, 9, 7);
    const y = convolved(x, 'c', {
      channels: 5,
      kernel: [side, 3],
      pads: [1, 0, 2, 1],
      strides: [stride, 1],
      dilations: [1, dilation],
      bias: bias === 1,
    });
    const { model, operators } = await expectHolds(modelOf([x], { y: relu(y) }), channelPadding);
    expect(operators).toEqual({ Pad: 1, Conv: 1, Relu: 1 });
    expect(model.graph.initializers.get('c.weight')?.dims).toEqual([5, 4, side, 3]);
    expectRefuses(model, channelPadding);
  }
});

it('of open sizes, along one axis and three', async () => {
  const open = image('x', symbol('N'), 3, symbol('H'), 8);
  await expectHolds(modelOf([open], { y: convolved(open, 'c', same) }), channelPadding, { N: 2, H: 6 });
  for (const rank of [1, 3]) {
    const x = image('x', 1, 3, ...Array<number>(rank).fill(6));
    const y = convolved(x, 'c', { channels: 2, kernel: Array<number>(rank).fill(3) });
    await expectHolds(modelOf([x], { y }), channelPadding);
  }
});

describe('it stays', () => {
  const x = image('x', 1, 3, 8, 8);
  const model = modelOf([x], { y: convolved(x, 'c', same) });

  it.each([{ kernel: [1, 1], pads: [0, 0, 0, 0] }, { channels: 3, group: 3 }, { transposed: true }])(
    '%j',
    (other) => {
      expectRefuses(modelOf([x], { y: convolved(x, 'c', { ...same, ...other }) }), channelPadding);
    },
  );

  it('where four channels are there, weights may be given, or Pad is another', () => {
    const four = image('x', 1, 4, 8, 8);
    expectRefuses(modelOf([four], { y: convolved(four, 'c', same) }), channelPadding);
    expectRefuses(overridable(model, 'c.weight'), channelPadding);
    expectRefuses({ ...model, opsets: new Map([['', 10]]) }, channelPadding);
  });
});
