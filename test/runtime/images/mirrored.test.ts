import { expect, it } from '@jest/globals';
import { mirrored, viewsOf } from '../../../runtime/images/mirrored.js';

it('each axis is mirrored alone, and both together', () => {
  expect(viewsOf()).toEqual([[]]);
  expect(viewsOf(['width'])).toEqual([[], ['width']]);
  expect(viewsOf(['height', 'width'])).toEqual([[], ['height'], ['width'], ['height', 'width']]);
});

it('planes are mirrored whichever way their channels lie', () => {
  const size = { width: 3, height: 2 };
  const first = Float32Array.of(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60);
  const last = Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60);
  expect([...mirrored(first, size, ['width'])]).toEqual([3, 2, 1, 6, 5, 4, 30, 20, 10, 60, 50, 40]);
  expect([...mirrored(first, size, ['height'])]).toEqual([4, 5, 6, 1, 2, 3, 40, 50, 60, 10, 20, 30]);
  expect([...mirrored(last, size, ['height', 'width'], 'NHWC')]).toEqual([
    6, 60, 5, 50, 4, 40, 3, 30, 2, 20, 1, 10,
  ]);
});
