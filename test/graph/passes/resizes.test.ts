import { describe, expect, it } from '@jest/globals';
import { int, string } from '../../../graph/ir/attribute.js';
import { symbol } from '../../../graph/ir/dim.js';
import { int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, initializer } from '../../../graph/ir/value.js';
import { type CoordinateTransformation, resizeLinear, resizeLinearTo } from '../../../graph/ops/resize.js';
import { resizeProducts } from '../../../graph/passes/resizes.js';
import { grid, modelOf } from '../../support/graph.js';
import { attributed, expectHolds, expectRefuses, image, overridable } from '../../support/rewritten.js';

const rule = resizeProducts;
const shape = { batch: [1, 2], channels: [1, 3], height: [1, 5, 8], width: [2, 7, 64] };

const model = (
  height: number,
  width: number,
  scales: readonly number[],
  coordinates: CoordinateTransformation = 'half_pixel',
) => {
  const x = image('x', 2, 3, height, width);
  return modelOf([x], { out: resizeLinear(x, scales, coordinates) });
};

const toSizes = (from: readonly number[], to: readonly number[]) => {
  const x = image('x', ...from);
  return modelOf([x], { out: resizeLinearTo(x, constant(int64Tensor([4], to))) });
};

describe('a linear Resize becomes two products', () => {
  it('by whole scales', async () => {
    for (const { batch, channels, height, width } of grid(shape)) {
      const x = image('x', batch, channels, height, width);
      for (const scales of [
        [2, 2],
        [4, 2],
        [1, 8],
      ]) {
        const { operators } = await expectHolds(
          modelOf([x], { out: resizeLinear(x, scales, 'half_pixel') }),
          rule,
        );
        expect(operators).toEqual({ MatMul: 2 });
      }
    }
  });

  it('to sizes, larger and smaller', async () => {
    for (const { height, width } of grid(shape)) {
      for (const [tall, wide] of [
        [16, 16],
        [3, 11],
        [1, 1],
        [height, width * 3],
        [37, 5],
      ] as const) {
        await expectHolds(toSizes([2, 3, height, width], [2, 3, tall, wide]), rule);
      }
    }
  });

  it('by broken scales that the sizes tell', async () => {
    await expectHolds(model(4, 8, [1.5, 0.25]), rule);
    await expectHolds(model(2, 64, [2.5, 0.5]), rule);
  });
});

describe('it stays', () => {
  it('where sizes do not tell the scale', () => {
    expectRefuses(model(5, 4, [2.5, 2]), rule);
    expectRefuses(model(5, 5, [1.1, 1]), rule);
    expectRefuses(model(7, 4, [2, 0.3]), rule);
  });

  it('in other modes', () => {
    expectRefuses(model(4, 4, [2, 2], 'align_corners'), rule);
    const plain = model(4, 4, [2, 2]);
    for (const mode of ['nearest', 'cubic'])
      expectRefuses(attributed(plain, 'Resize', { mode: string(mode) }), rule);
    for (const way of ['asymmetric', 'pytorch_half_pixel', 'tf_crop_and_resize']) {
      const attributes = { coordinate_transformation_mode: string(way) };
      expectRefuses(attributed(plain, 'Resize', attributes), rule);
    }
    const antialias = attributed(plain, 'Resize', { antialias: int(1) });
    expectRefuses({ ...antialias, opsets: new Map([['', 18]]) }, rule);
  });

  it('where it is large, open, or no image', () => {
    expectRefuses(model(65, 4, [2, 2]), rule);
    expectRefuses(model(4, 65, [2, 2]), rule);
    expectRefuses(toSizes([1, 1, 2, 2], [1, 1, 2, 10_000_000]), rule);
    const open = image('x', 1, 3, symbol('H'), 4);
    expectRefuses(modelOf([open], { out: resizeLinear(open, [2, 2], 'half_pixel') }), rule);
    const series = image('x', 1, 3, 4);
    expectRefuses(modelOf([series], { out: resizeLinear(series, [2], 'half_pixel') }), rule);
  });

  it('where images or channels are resized too', () => {
    expectRefuses(toSizes([2, 3, 4, 4], [4, 3, 4, 4]), rule);
    expectRefuses(toSizes([2, 3, 4, 4], [2, 6, 4, 4]), rule);
  });

  it('where sizes may be given', () => {
    const x = image('x', 1, 3, 4, 4);
    const sizes = initializer('sizes', int64Tensor([4], [1, 3, 8, 8]));
    expectRefuses(overridable(modelOf([x], { out: resizeLinearTo(x, sizes) }), 'sizes'), rule);
  });
});
