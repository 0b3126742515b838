import { expect, it } from '@jest/globals';
import { confusionOf } from '../../../runtime/masks/metrics.js';
import { checkReading, truthOfLabel } from '../../../runtime/truth/truth.js';
import { truthAt } from '../../../runtime/truth/truth-at.js';

const labels = (width: number, ...data: number[]) => ({
  width,
  height: data.length / width,
  channels: 1 as const,
  data: Uint8Array.from(data),
});

it('labels do not blend where they are made smaller: half of what counts decides', () => {
  // Between 0 and 2 bilinear interpolation finds 1, which is nowhere.
  const truth = truthOfLabel(labels(4, 0, 2, 2, 2, 0, 2, 2, 2), 1);
  expect([...truthAt(truth, 2, 1).mask.data]).toEqual([0, 0]);
  const squares = truthOfLabel(labels(6, 1, 0, 1, 1, 9, 9, 1, 0, 1, 9, 9, 9), 1, 9);
  const { mask, counted } = truthAt(squares, 3, 1);
  expect([...mask.data]).toEqual([255, 255, 0]);
  expect([...(counted ?? [])]).toEqual([1, 1, 0]);
  // Half of it is ignored and the other half is foreground: it counts, as foreground.
  const half = truthAt(truthOfLabel(labels(2, 1, 9), 1, 9), 1, 1);
  expect([[...half.mask.data], [...(half.counted ?? [])]]).toEqual([[255], [1]]);
});

it('what is ignored is neither right nor wrong', () => {
  const truth = truthAt(truthOfLabel(labels(6, 1, 1, 0, 0, 255, 255), 1, 255), 6, 1);
  const found = { ...truth.mask, data: Uint8Array.of(255, 0, 255, 0, 255, 0) };
  expect(confusionOf(found, truth.mask, truth.counted)).toEqual({ tp: 1, fp: 1, fn: 1, tn: 1 });
  expect(truthAt(truthOfLabel(labels(2, 1, 0), 1, 255), 2, 1)).not.toHaveProperty('counted');
});

it.each([
  [{ truthLabel: 65536 }, /label of truth is 65536, expected a whole number from 0 to 65535/],
  [{ ignoreLabel: 0.5 }, /label of truth is 0\.5/],
  [{ truthColour: [0, 0, 256] as const }, /colour of truth is 0,0,256/],
  [{ truthLabel: 1, truthColour: [0, 0, 0] as const }, /both the foreground/],
  [{ truthLabel: 1, ignoreLabel: 1 }, /both foreground and ignored/],
])('a reading that makes no sense is refused: %j', (reading, says) => {
  expect(() => checkReading(reading)).toThrow(
    expect.objectContaining({ code: 'BAD_USAGE', message: expect.stringMatching(says) }),
  );
});
