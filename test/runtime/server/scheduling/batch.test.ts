import { describe, expect, it } from '@jest/globals';
import { split, stack, stackKey } from '../../../../runtime/server/scheduling/batch.js';

const tensor = (rows: number, start: number) => ({
  dims: [rows, 2],
  data: Float32Array.from({ length: 2 * rows }, (_, i) => start + i),
});

describe('requests that run as one', () => {
  it('are stacked in their order, and what comes is split again', () => {
    const together = stack([{ x: tensor(1, 0) }, { x: tensor(2, 10) }]);
    expect(together).toEqual({ x: { dims: [3, 2], data: Float32Array.of(0, 1, 10, 11, 12, 13) } });
    expect(split({ y: tensor(3, 0) }, [1, 2])).toEqual([
      { y: { dims: [1, 2], data: Float32Array.of(0, 1) } },
      { y: { dims: [2, 2], data: Float32Array.of(2, 3, 4, 5) } },
    ]);
  });

  it('have the same sizes, types and outputs', () => {
    const key = stackKey({ x: tensor(1, 0) }, undefined);
    expect(stackKey({ x: tensor(5, 0) }, undefined)).toBe(key);
    expect(stackKey({ x: { dims: [1, 3], data: new Float32Array(3) } }, undefined)).not.toBe(key);
    expect(stackKey({ x: { dims: [1, 2], data: new Uint8Array(2) } }, undefined)).not.toBe(key);
    expect(stackKey({ x: tensor(1, 0) }, ['y'])).not.toBe(key);
  });

  it('of another number of rows than was given are refused', () => {
    expect(() => split({ y: tensor(2, 0) }, [1, 2])).toThrow(/2 rows for 3/);
  });
});
