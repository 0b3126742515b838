import { describe, expect, it } from '@jest/globals';
import { BufferPool } from '../../../../runtime/server/admission/buffer-pool.js';
import { Memory, SMALL } from '../../../../runtime/server/admission/memory.js';

const MB = 2 ** 20;
const make = (most: number) => {
  const pool = new BufferPool();
  return { pool, memory: new Memory(most, pool) };
};

describe('the memory of bodies', () => {
  it('is shared, refused beyond its bound, and given back', () => {
    const { memory } = make(10 * MB);
    const [first, second] = [memory.share(), memory.share()];
    first.add(6 * MB);
    expect(() => second.add(5 * MB)).toThrow(
      /^the server is busy: 6291456 of 10485760 bytes for bodies and responses are in use: try again later$/,
    );
    expect(memory.held).toBe(6 * MB);
    second.add(4 * MB);
    first.end();
    second.add(5 * MB);
    second.end();
    expect(memory.held).toBe(0);
  });

  it('has room for small ones always, and counts what they grow to', () => {
    const { memory } = make(3 * MB);
    memory.share().add(3 * MB);
    const small = memory.share();
    small.add(SMALL - 1);
    small.add(1);
    expect(memory.held).toBe(3 * MB);
    expect(() => small.add(1)).toThrow(/busy/);
  });

  it('has room for the answer to what was accepted, unless it is large', () => {
    const { memory } = make(4 * MB);
    const share = memory.share();
    share.add(4 * MB);
    share.answer(3 * MB);
    share.answer(MB);
    expect(memory.held).toBe(8 * MB);
    expect(() => share.answer(1)).toThrow(/busy/);
    expect(() => memory.share().add(2 * MB)).toThrow(/busy/);
    share.end();
    expect(memory.held).toBe(0);
  });

  it('counts nothing for a request that has ended', () => {
    const { memory } = make(10 * MB);
    const share = memory.share();
    share.add(2 * MB);
    share.end();
    share.add(2 * MB);
    share.end();
    expect(memory.held).toBe(0);
  });

  it('takes what is kept for the next ones where it is short', () => {
    const { memory, pool } = make(4 * MB);
    pool.give([new ArrayBuffer(2 * MB)]);
    memory.share().add(2 * MB);
    expect(pool.kept).toBe(2 * MB);
    memory.share().add(2 * MB);
    expect(pool.kept).toBe(0);
  });
});

describe('what is kept', () => {
  it('is given again for the same length only, and bounded', () => {
    const { pool } = make(0);
    const buffer = new ArrayBuffer(MB);
    pool.give([buffer, new ArrayBuffer(100), new ArrayBuffer(33 * MB), new SharedArrayBuffer(MB)]);
    expect(pool.kept).toBe(MB);
    expect(pool.take(MB - 1)).toBeUndefined();
    expect(pool.take(MB)).toBe(buffer);
    expect([pool.kept, pool.take(MB)]).toEqual([0, undefined]);
    pool.give(Array.from({ length: 40 }, () => new ArrayBuffer(MB)));
    expect(pool.kept).toBeLessThanOrEqual(32 * MB);
  });
});
