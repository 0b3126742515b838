import { expect, it } from '@jest/globals';
import { bytesOfTexts, classify } from '../../../runtime/server/protocol/classification.js';

it('gives the best classes of each row, those that are no numbers last', () => {
  const data = Float32Array.of(0.25, 0.5, 0.125, Number.NaN, -1, 3);
  const texts = ['0.500000:1:b', '0.250000:0:a', '3.000000:2:c', '-1.000000:1:b'];
  expect(classify('out', { dims: [2, 3, 1, 1], data }, 2, ['a', 'b', 'c'])).toEqual({ dims: [2, 2], texts });
  const all = classify('out', { dims: [2, 3], data }, 9);
  expect(all.texts).toEqual(['0.500000:1', '0.250000:0', '0.125000:2', '3.000000:2', '-1.000000:1', 'NaN:0']);
  expect(bytesOfTexts(['ab', 'c'])).toEqual(Buffer.from('\x02\0\0\0ab\x01\0\0\0c'));
});

it('has no classes of pixels', () => {
  const pixels = { dims: [1, 3, 8, 8], data: new Float32Array(192) };
  expect(() => classify('out', pixels, 1)).toThrow(
    /output 'out' \[1,3,8,8\] cannot be classified, expected a score/,
  );
});
