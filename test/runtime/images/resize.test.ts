import { describe, expect, it } from '@jest/globals';
import { resizeBilinear } from '../../../runtime/images/resize.js';

const grey = (width: number, height: number, values: readonly number[]) => ({
  width,
  height,
  channels: 1 as const,
  data: Float32Array.from(values),
});

describe('bilinear resize is interpolate(align_corners=False)', () => {
  // Values from torch.nn.functional.interpolate.
  it.each([
    ['up', grey(2, 1, [0, 1]), 4, 1, [0, 0.25, 0.75, 1]],
    ['down, without antialiasing', grey(4, 1, [0, 1, 2, 3]), 2, 1, [0.5, 2.5]],
    ['by no whole factor', grey(3, 1, [0, 3, 6]), 2, 1, [0.75, 5.25]],
    ['to a single pixel', grey(3, 3, [0, 1, 2, 3, 4, 5, 6, 7, 8]), 1, 1, [4]],
    ['from a single pixel', grey(1, 1, [7]), 2, 2, [7, 7, 7, 7]],
  ])('%s', (_, image, width, height, expected) => {
    expect([...resizeBilinear(image, width, height).data]).toEqual(expected);
  });
});
