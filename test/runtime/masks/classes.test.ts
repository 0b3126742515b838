import { describe, expect, it } from '@jest/globals';
import type { Probabilities } from '../../../runtime/common/raster.js';
import {
  type Classes,
  classesText,
  INDEPENDENT,
  labelsBehind,
  legendOf,
  maskLabelsOf,
  masksOf,
  nameOfLabel,
} from '../../../runtime/masks/classes.js';

/** A row of pixels, the probabilities of each class one after another. */
const row = (...classes: readonly (readonly number[])[]): Probabilities => ({
  classes: classes.length,
  width: classes[0]?.length ?? 0,
  height: 1,
  data: Float32Array.from(classes.flat()),
});
const exclusive = (background: number | 'none'): Classes => ({ kind: 'exclusive', background });

/** Labels and masks as numbers. */
function found(probabilities: Probabilities, classes: Classes, threshold?: number, cleaning = {}) {
  const { masks, maskLabels, labels } = masksOf(probabilities, classes, threshold, cleaning);
  return { maskLabels, labels: [...(labels?.data ?? [])], masks: masks.map(({ data }) => [...data]) };
}

describe('regions', () => {
  const regions: Classes = {
    kind: 'independent',
    names: ['whole', 'core'],
    regions: [
      { label: 2, of: [1, 2] },
      { label: 1, of: [1] },
    ],
  };

  it('are where a probability is above a half, the later over the earlier in label maps', () => {
    expect(found(row([0.6, 0.6, 0.5, 0.4], [0.4, 0.7, 0.9, 0.5]), regions)).toEqual({
      maskLabels: [2, 1],
      labels: [2, 1, 1, 0],
      masks: [
        [255, 255, 0, 0],
        [0, 255, 255, 0],
      ],
    });
  });

  it('are called by their labels, and stand for labels of the truth', () => {
    expect([nameOfLabel(regions, 2, 2), nameOfLabel(regions, 2, 1)]).toEqual(['whole', 'core']);
    expect([labelsBehind(regions, 2), labelsBehind(regions, 1), labelsBehind(INDEPENDENT, 1)]).toEqual([
      [1, 2],
      [1],
      [1],
    ]);
    expect(classesText(regions, 2)).toBe(
      '2 regions, in label maps the later over the earlier: 1+2 as 2, 1 as 1',
    );
  });
});

describe('classes that exclude each other', () => {
  const undecided = row([0.4, 0.3, 0.2, 0.8], [0.35, 0.4, 0.4, 0.1], [0.25, 0.3, 0.4, 0.1]);

  it('give each pixel to its most probable class, below one half as well, and no mask to the background', () => {
    expect(found(undecided, exclusive(0))).toEqual({
      maskLabels: [1, 2],
      labels: [0, 1, 1, 0],
      masks: [
        [0, 255, 255, 0],
        [0, 0, 0, 0],
      ],
    });
  });

  it('give a tie to the lowest class', () => {
    const tie = row([0.5, 0.25], [0.5, 0.25], [0, 0.5]);
    expect(found(tie, exclusive(0)).labels).toEqual([0, 2]);
    expect(found(row([0.2], [0.4], [0.4]), exclusive(0)).labels).toEqual([1]);
  });

  it('may have another background, or none', () => {
    expect(found(undecided, exclusive(1))).toMatchObject({ maskLabels: [0, 2], labels: [0, 1, 1, 0] });
    expect(found(undecided, exclusive('none'))).toMatchObject({
      maskLabels: [0, 1, 2],
      masks: [
        [255, 0, 0, 255],
        [0, 255, 255, 0],
        [0, 0, 0, 0],
      ],
    });
  });

  it('take a threshold where one stands beside a background, and none where there are more', () => {
    const pair = row([0.7, 0.5, 0.2], [0.3, 0.5, 0.8]);
    expect(found(pair, exclusive(0)).labels).toEqual([0, 0, 1]);
    expect(found(pair, exclusive(0), 0.3).labels).toEqual([1, 1, 1]);
    expect(found(pair, exclusive(1), 0.6)).toMatchObject({ maskLabels: [0], labels: [0, 1, 1] });
    for (const classes of [exclusive(0), exclusive('none')]) {
      expect(() => masksOf(undecided, classes, 0.5, {})).toThrow(
        'a threshold of 0.5: the 3 classes exclude each other, and each pixel is of the most probable one',
      );
    }
  });

  it('keep the label map in step with masks that are cleaned', () => {
    const speck = row([0.1, 0.9, 0.1, 0.1, 0.1], [0.8, 0.1, 0.1, 0.8, 0.8], [0.1, 0, 0.8, 0.1, 0.1]);
    expect(found(speck, exclusive(0)).labels).toEqual([1, 0, 2, 1, 1]);
    expect(found(speck, exclusive(0), undefined, { largestComponent: true })).toMatchObject({
      labels: [0, 0, 2, 1, 1],
      masks: [
        [0, 0, 0, 255, 255],
        [0, 0, 255, 0, 0],
      ],
    });
    const ring = { ...row([...'000010000'].map(Number), [...'111101111'].map(Number)), width: 3, height: 3 };
    expect(found(ring, exclusive(0), undefined, { fillHoles: true }).labels).toEqual(Array(9).fill(1));
  });

  it('refuse a background that is not one of them', () => {
    expect(() => masksOf(undecided, exclusive(3), undefined, {})).toThrow(
      "a background of 3: the model's 3 classes are 0 to 2",
    );
  });
});

it('independent classes may share a pixel, and their labels begin at 1', () => {
  const both = row([0.6, 0.2, 0.5], [0.9, 0.2, 0.4]);
  expect(found(both, INDEPENDENT)).toEqual({
    maskLabels: [1, 2],
    labels: [2, 0, 1],
    masks: [
      [255, 0, 255],
      [255, 0, 0],
    ],
  });
});

it('names belong to classes, not to labels, which begin at 1 where classes are independent', () => {
  const names = ['skin', 'vessel', 'gland'];
  const named = (classes: Classes) => legendOf({ ...classes, names }, 3, maskLabelsOf(classes, 3));
  expect(named(INDEPENDENT)).toEqual(['1 skin', '2 vessel', '3 gland']);
  expect(named(exclusive(1))).toEqual(['0 skin', '2 gland']);
  expect(named(exclusive('none'))).toEqual(['0 skin', '1 vessel', '2 gland']);
  expect(legendOf(INDEPENDENT, 2, [1, 2])).toEqual(['class 1', 'class 2']);
  expect(legendOf({ ...INDEPENDENT, names: ['skin'] }, 1, [1])).toBeUndefined();
  expect(nameOfLabel({ ...INDEPENDENT, names: ['skin'] }, 1, 1)).toBe('skin');
});
