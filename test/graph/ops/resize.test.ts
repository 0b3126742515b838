import { describe, expect, it } from '@jest/globals';
import { symbol } from '../../../graph/ir/dim.js';
import { int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, input } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { gather } from '../../../graph/ops/gather.js';
import { reshape, reshapeTo } from '../../../graph/ops/reshape.js';
import { resizeLinearTo, resizeNearest } from '../../../graph/ops/resize.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { modelOf, run } from '../../support/graph.js';

const [N, H, W] = [symbol('N'), symbol('H'), symbol('W')];
const open = input('x', 'float32', [N, 8, H, W]);
const whole = (...values: number[]) => constant(int64Tensor([values.length], values));

it('nearest repeats pixels by whole factors', async () => {
  const x = input('x', 'float32', [1, 1, 2, 2]);
  const { y } = await run(modelOf([x], { y: resizeNearest(x, [2, 3]) }), { x: [1, 1, 2, 2] });
  expect(y?.dims).toEqual([1, 1, 4, 6]);
  expect(y?.data).toEqual([
    ...[0, 0, 0, 1, 1, 1],
    ...[0, 0, 0, 1, 1, 1],
    ...[2, 2, 2, 3, 3, 3],
    ...[2, 2, 2, 3, 3, 3],
  ]);
  expect(resizeNearest(open, [2, 2]).shape).toMatchObject([
    N,
    8,
    { terms: [{ name: 'H', coefficient: 2 }] },
    { terms: [{ name: 'W', coefficient: 2 }] },
  ]);
});

it('linear to a size with aligned corners goes from the first pixel to the last', async () => {
  const [points, like] = [input('p', 'float32', [1, 1, 3, 1]), input('x', 'float32', [N, 8, H, W])];
  const sizes = concat([whole(1, 1), gather(shapeOf(like), [2]), whole(1)], 0);
  const y = resizeLinearTo(points, sizes, 'align_corners');
  expect(y.shape).toEqual([1, 1, H, 1]);
  const ran = await run(modelOf([points, like], { y }), { p: [1, 1, 3, 1], x: [2, 8, 5, 4] });
  expect(ran.y).toEqual({ dims: [1, 1, 5, 1], data: [0, 0.5, 1, 1.5, 2] });
});

describe('a reshape', () => {
  it('follows open sizes that it leaves as they are', async () => {
    const y = reshape(open, [0, 4, -1, 0]);
    expect(y.shape).toMatchObject([N, 4, { terms: [{ name: 'H', coefficient: 2 }] }, W]);
    const back = reshapeTo(y, shapeOf(open));
    expect(back.shape).toEqual([N, 8, H, W]);
    const ran = await run(modelOf([open], { y, back }), { x: [2, 8, 3, 5] });
    expect(ran.y?.dims).toEqual([2, 4, 6, 5]);
    expect(ran.back?.dims).toEqual([2, 8, 3, 5]);
  });

  it.each([
    ['divides an open size', [0, 16, -1, 0]],
    ['mixes open sizes', [3, -1]],
    ['has no elements', [0, 0, 0, -1]],
  ])('of which the rest %s is not followed', (_, shape) => {
    const x = shape[1] === 0 ? input('x', 'float32', [2, 0, 3, 4]) : open;
    expect(() => reshape(x, shape)).toThrow(/cannot be inferred/);
  });
});
