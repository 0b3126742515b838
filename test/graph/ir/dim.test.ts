import { describe, expect, it } from '@jest/globals';
import {
  addDims,
  type Dim,
  differentDims,
  dimText,
  floorDivideDim,
  multiplyDims,
  sameDim,
  shapeText,
  subtractDims,
  symbol,
} from '../../../graph/ir/dim.js';

const H = symbol('H');
const W = symbol('W');

describe('algebra', () => {
  it('what a pooling rounds away is given back: H - 2 floor(H/2) + 2 floor(H/2) is H', () => {
    const twice = multiplyDims(floorDivideDim(H, 2), 2);
    expect(addDims(subtractDims(H, twice), twice)).toEqual(H);
    expect(sameDim(twice, H)).toBe(false);
  });

  it('a multiple of 16 halves four times without rounding, and doubles back to itself', () => {
    let size = symbol('H', 16);
    for (const text of ['H/2', 'H/4', 'H/8', 'H/16']) {
      size = floorDivideDim(size, 2);
      expect(dimText(size)).toBe(text);
    }
    for (let i = 0; i < 4; i++) size = multiplyDims(2, size);
    expect(size).toEqual(symbol('H', 16));
  });

  it('a fifth halving of a multiple of 16 is not taken as exact', () => {
    const fifth = floorDivideDim(symbol('H', 16), 32);
    expect(dimText(fifth)).toBe('floor((H)/32)');
  });

  it('the order in which sizes are added does not matter', () => {
    expect(addDims(addDims(H, 3), W)).toEqual(addDims(W, addDims(3, H)));
  });

  it('only a constant difference proves two sizes different', () => {
    expect(differentDims(addDims(H, 1), H)).toBe(true);
    expect(differentDims(H, W)).toBe(false);
    expect(differentDims(H, 7)).toBe(false);
    expect(sameDim(multiplyDims(H, 0), 0)).toBe(true);
  });

  it('any chain of operations, read as a formula, has the value that the integers have', () => {
    const random = mulberry32(1);
    const below = (limit: number) => Math.floor(random() * limit);
    for (let round = 0; round < 300; round++) {
      const sizes = { H: below(100), W: below(100), M: 16 * below(10) };
      const pairs: Pair[] = [
        [H, sizes.H],
        [W, sizes.W],
        [symbol('M', 16), sizes.M],
        [5, 5],
      ];
      for (let step = 0; step < 8; step++) {
        const [a, x] = pairs[below(pairs.length)] ?? [0, 0];
        const [b, y] = pairs[below(pairs.length)] ?? [0, 0];
        const n = 1 + below(6);
        const next: Pair[] = [
          [addDims(a, b), x + y],
          [subtractDims(a, b), x - y],
          [multiplyDims(a, -n), x * -n],
          [multiplyDims(a, b), x * y],
          [floorDivideDim(a, n), Math.floor(x / n)],
        ];
        const [dim, value] = next[below(next.length)] ?? [0, 0];
        if (Math.abs(value) < 1e9) pairs.push([dim, value]);
      }
      for (const [dim, value] of pairs) {
        const text = dimText(dim);
        expect({ text, value: evaluate(text, sizes) + 0 }).toEqual({ text, value: value + 0 });
      }
    }
  });
});

describe('text', () => {
  it.each<[Dim, string]>([
    [7, '7'],
    [-2, '-2'],
    [H, 'H'],
    [subtractDims(0, H), '-H'],
    [addDims(multiplyDims(H, 2), -3), '2*H-3'],
    [subtractDims(5, addDims(H, W)), '-H-W+5'],
    [multiplyDims(floorDivideDim(symbol('H', 16), 16), 3), '3*H/16'],
    [floorDivideDim(addDims(H, 1), 2), 'floor((H+1)/2)'],
    [multiplyDims(H, addDims(W, 1)), '(H)*(W+1)'],
  ])('%j is written as a formula', (dim, text) => {
    expect(dimText(dim)).toBe(text);
  });

  it('a shape is written in brackets', () => {
    expect(shapeText([1, H, addDims(W, 2)])).toBe('[1, H, W+2]');
    expect(shapeText([])).toBe('[]');
  });
});

/** A size and what it is for the numbers at hand. */
type Pair = readonly [Dim, number];

function evaluate(text: string, { H, W, M }: { H: number; W: number; M: number }): number {
  return new Function('H', 'W', 'M', 'floor', `return ${text}`)(H, W, M, Math.floor);
}

/** Tommy Ettinger's generator: numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
