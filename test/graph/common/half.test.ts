import { describe, expect, it } from '@jest/globals';
import { toFloat32 } from '../../../exporters/checkpoints/float32.js';
import { toHalf } from '../../../graph/common/half.js';
import { float32Values } from '../../../graph/ir/tensor.js';

const halves = (...values: number[]) => [...toHalf(Float32Array.from(values))];

/** Every half as the number that it stands for, by the reader of checkpoints. */
function widened(): Float32Array {
  const words = Uint16Array.from({ length: 65536 }, (_, at) => at);
  const half = { dtype: 'float16', dims: [words.length], bytes: () => new Uint8Array(words.buffer) } as const;
  const found = toFloat32(half);
  if (found === undefined) throw new Error('halves are not widened');
  return float32Values(found.tensor);
}

describe('halves', () => {
  it('every half is itself again', () => {
    const values = widened();
    const again = toHalf(values);
    for (let word = 0; word < 65536; word++) {
      const isNan = (word & 0x7c00) === 0x7c00 && (word & 0x3ff) !== 0;
      if (!isNan && again[word] !== word) throw new Error(`${word} becomes ${again[word]}`);
    }
  });

  it('what lies between two is rounded to the nearer, in the middle to the even one', () => {
    const values = widened();
    for (let word = 0; word < 0x7bff; word++) {
      const [low, high] = [values[word] ?? 0, values[word + 1] ?? 0];
      const middle = (low + high) / 2;
      const even = word % 2 === 0 ? word : word + 1;
      const between = [middle - (high - low) / 8, middle, middle + (high - low) / 8];
      expect(halves(...between, -middle)).toEqual([word, even, word + 1, even | 0x8000]);
    }
  });

  it('what is too large is infinite, what is too small zero, and what is not a number stays none', () => {
    expect(halves(65519, 65520, 1e9, -1e9)).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00]);
    expect(halves(2 ** -25, 2 ** -25 * 1.01, -1e-30)).toEqual([0, 1, 0x8000]);
    expect(halves(Number.NaN)[0]).toBe(0x7e00);
  });
});
