import { describe, expect, it } from '@jest/globals';
import type { OutputActivation } from '../../../graph/ir/output-activation.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import { DifferenceCount, WantedOutput, worstOf } from '../../../src/transform/difference.js';

const image = (...values: number[]) => ({ dims: [1, 1, 1, values.length], data: Float32Array.from(values) });

/** The difference of one output, whose values are given for each of the inputs. */
function differenceOf(wanted: readonly ReturnType<typeof image>[], found: readonly (readonly number[])[]) {
  const count = new DifferenceCount(new WantedOutput('y', wanted));
  for (const values of found) count.add(values);
  return count.difference;
}

describe('the difference of an output', () => {
  it('probabilities are cut at 1/2, and all that was compared is one mask', () => {
    const found = differenceOf(
      [image(0.25, 0.75), image(0.5, 0.5)],
      [
        [0.25, 0.75],
        [0.5, 0.25],
      ],
    );
    expect(found).toEqual({ name: 'y', kind: 'mask', maxAbs: 0.25, largest: 0.75, dscDrop: 1 - 4 / 5 });
  });

  it('logits are cut at 0, also where those of one image look like probabilities', () => {
    const found = differenceOf(
      [image(0.25, 0.25), image(-3, 2)],
      [
        [0.25, 0.25],
        [-3, 2],
      ],
    );
    expect(found).toEqual({ name: 'y', kind: 'mask', maxAbs: 0, largest: 3, dscDrop: 0 });
    // Three of three; at 1/2 it would be one of one.
    expect(
      differenceOf(
        [image(0.25, 0.25), image(-3, 2)],
        [
          [0.25, -0.25],
          [-3, 2],
        ],
      ).dscDrop,
    ).toBeCloseTo(1 - 4 / 5);
  });

  it('of classes that exclude each other, the most probable one counts, and no background', () => {
    const wanted = {
      dims: [1, 3, 1, 2],
      // The first pixel is of class 1, below one half as well; the second is background.
      data: Float32Array.of(0.3, 0.8, 0.4, 0.1, 0.3, 0.1),
    };
    const dropOf = (found: readonly number[], background: 0 | 'none') => {
      const count = new DifferenceCount(new WantedOutput('y', [wanted], { end: 'softmax', background }));
      count.add(found);
      return count.difference.dscDrop;
    };
    expect(dropOf([0.3, 0.6, 0.4, 0.2, 0.3, 0.2], 0)).toBe(0);
    expect(dropOf([0.3, 0.8, 0.3, 0.1, 0.4, 0.1], 0)).toBe(1);
    expect(dropOf([0.3, 0.8, 0.3, 0.1, 0.4, 0.1], 'none')).toBe(0.5);
  });

  it('where no model has a mask there is none to compare, and where one appears all is lost', () => {
    expect(differenceOf([image(0.25, 0)], [[0.25, 0]])).not.toHaveProperty('dscDrop');
    expect(differenceOf([image(0.25, 0)], [[0.75, 0]]).dscDrop).toBe(1);
  });

  it.each([
    ['what is not an image', { dims: [1, 2], data: Float32Array.of(-1, 1) }],
    ['one pixel', { dims: [1, 2, 1, 1], data: Float32Array.of(-1, 1) }],
    ['features, which are never negative', image(0, 7)],
  ])('%s has no mask', (_, wanted) => {
    const found = differenceOf([wanted], [[0, 1]]);
    expect(found.kind).toBe('values');
    expect(found).not.toHaveProperty('dscDrop');
  });

  describe('is of masks where there are classes for each pixel of the image', () => {
    const size = { height: 8, width: 16 };
    const output = (...dims: number[]) => ({
      dims,
      data: Float32Array.from({ length: elementCount(dims) }, (_, i) => Math.sin(i)),
    });
    it.each<[string, number[], OutputActivation, 'mask' | 'values']>([
      ['at its size', [1, 1, 8, 16], 'unknown', 'mask'],
      ['of a batch', [2, 4, 8, 16], 'logits', 'mask'],
      ['channels last', [1, 8, 16, 5], 'logits', 'mask'],
      ['at a quarter', [1, 5, 2, 4], 'logits', 'mask'],
      ['at an eighth: boxes', [1, 255, 1, 2], 'logits', 'values'],
      ['of another shape: features of tokens', [1, 12, 16, 16], 'logits', 'values'],
      ['boxes', [1, 84, 128], 'unknown', 'values'],
      ['scores', [1, 10], 'softmax', 'values'],
      ['three classes that exclude each other', [1, 3, 8, 16], 'softmax', 'mask'],
      ['three that do not', [1, 3, 8, 16], 'sigmoid', 'mask'],
      ['logits of three', [1, 3, 8, 16], 'logits', 'mask'],
      ['colours', [1, 3, 8, 16], 'unknown', 'values'],
      ['colours, channels last', [1, 8, 16, 3], 'unknown', 'values'],
    ])('%s', (_, dims, end, kind) => {
      const meaning = { end, background: 0 } as const;
      expect(new WantedOutput('y', [output(...dims)], meaning, [size]).kind).toBe(kind);
    });

    it('but colours are what a convolution gives of three that are hardly negative', () => {
      const light = { dims: [1, 3, 8, 16], data: new Float32Array(384).fill(0.5) };
      const meaning = { end: 'logits', background: 0 } as const;
      expect(new WantedOutput('y', [light], meaning, [size]).kind).toBe('values');
    });

    it('the most probable class is found where classes stand last', () => {
      const wanted = { dims: [1, 1, 2, 3], data: Float32Array.of(0.1, 0.7, 0.2, 0.6, 0.3, 0.1) };
      const meaning = { end: 'softmax', background: 0 } as const;
      const inside = new WantedOutput('y', [wanted], meaning, [{ height: 1, width: 2 }]).inside(
        wanted.data,
        0,
      );
      expect([...inside]).toEqual([0, 1, 0, 0, 0, 0]);
    });
  });

  it('NaN and what is missing are infinitely far', () => {
    expect(differenceOf([image(0.25, 0.75)], [[Number.NaN, 0.75]]).maxAbs).toBe(Number.POSITIVE_INFINITY);
    expect(differenceOf([image(0.25, 0.75)], [[0.25]]).maxAbs).toBe(Number.POSITIVE_INFINITY);
  });

  it('the worst of several outputs counts, however large the others are', () => {
    const [good, bad] = [
      differenceOf([image(...Array(999).fill(1))], [Array(999).fill(1)]),
      differenceOf([image(1, 1)], [[1, 0]]),
    ];
    expect(worstOf([good, bad])).toMatchObject({ maxAbs: 1, dscDrop: 1 - 2 / 3 });
  });
});
