import { describe, expect, it } from '@jest/globals';
import { toFloat32 } from '../../../../exporters/checkpoints/float32.js';
import { readReference } from '../../../../exporters/checkpoints/open.js';
import { toHalf } from '../../../../graph/common/half.js';
import { float32Values } from '../../../../graph/ir/tensor.js';
import {
  gaussianWeights,
  roundHalfEven,
  slidingCourse,
  starts,
} from '../../../../runtime/images/courses/sliding.js';
import { rowsOf } from '../../../../runtime/images/resize.js';
import { fixture } from '../../../support/fixtures.js';

const units = await readReference(fixture('nnunet', 'units.safetensors'));

function tensor(name: string) {
  const found = units.get(name);
  const wide = found && toFloat32(found);
  if (wide === undefined) throw new Error(`no ${name}`);
  return { dims: wide.tensor.dims, data: float32Values(wide.tensor) };
}

describe('windows', () => {
  it.each([
    [101, 64, [0, 18, 37]],
    [150, 96, [0, 27, 54]],
    [512, 512, [0]],
    [65, 64, [0, 1]],
    // Halves go to the even neighbour: 22.5 to 22.
    [109, 64, [0, 22, 45]],
    // What is smaller lies in the middle, nearer to the beginning.
    [11, 16, [-2]],
  ])('of an axis of %i, %i each, begin at %j', (length, side, expected) => {
    expect(starts(length, side, 0.5)).toEqual(expected);
  });

  it('round as Python does', () => {
    expect([0.5, 1.5, 2.5, 2.4999, 2.5001, 7].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3, 7]);
  });

  it.each(['20x28', '7x9', '64x40'])('of %s count as a Gaussian, bit for bit', (size) => {
    const [height = 0, width = 0] = size.split('x').map(Number);
    const expected = tensor(`gaussian.${size}`);
    expect(gaussianWeights({ width, height })).toEqual(toHalf(expected.data));
  });

  it('are averaged in halves, bit for bit, without what was padded', () => {
    const outputs = tensor('blend.outputs');
    const [count = 0, classes = 0, height = 0, width = 0] = outputs.dims;
    const image = rowsOf({ width: 30, height: 11, channels: 1, data: new Float32Array(330) });
    const course = slidingCourse(image, { width, height, step: 0.5 });
    expect(course.windows).toHaveLength(count);
    const size = classes * height * width;
    for (const [index, window] of course.windows.entries()) {
      course.place(window, {
        classes,
        width,
        height,
        data: outputs.data.slice(index * size, (index + 1) * size),
      });
    }
    expect(course.result()?.data).toEqual(tensor('blend.mean').data);
  });

  it('are refused where there are too many to be run', () => {
    const image = { width: 5000, height: 5000, channels: 1, read: () => {} };
    expect(() => slidingCourse(image, { width: 8, height: 8, step: 0.5 })).toThrow(
      'the image: 5000x5000 take 1560001 windows of 8x8, at most 1000000',
    );
  });

  it('hold zeros around an image that is smaller', () => {
    const image = rowsOf({ width: 2, height: 1, channels: 1, data: Uint8Array.of(3, 4) });
    const course = slidingCourse(image, { width: 4, height: 2, step: 0.5 });
    const [window] = course.windows;
    if (window === undefined) throw new Error('no window');
    expect([...course.input(window, 'NCHW')]).toEqual([0, 3, 4, 0, 0, 0, 0, 0]);
  });
});
