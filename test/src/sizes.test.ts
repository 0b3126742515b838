import { expect, it } from '@jest/globals';
import { imageOf } from '../../graph/analysis/features.js';
import { shapeLine } from '../../src/cli/output/print.js';
import { handmade } from '../support/graph.js';

it('a size that a file leaves without a number or a name is a question mark, and no size at all a scalar', () => {
  expect(shapeLine([2, '', 128])).toBe('2 x ? x 128');
  expect(shapeLine(['', 'W'])).toBe('? x W');
  expect(shapeLine([])).toBe('scalar');
  expect(shapeLine(undefined)).toBe('of any shape');
});

it('so do refusals of what takes no image', () => {
  const sound = { name: 'sound', type: { dtype: 'float32', shape: ['', 256] } } as const;
  const state = { name: 'state', type: { dtype: 'float32' } } as const;
  expect(() => imageOf(handmade({ inputs: [sound, state], outputs: [] }))).toThrow(
    'it takes sound float32 [?,256] and state float32 [of any shape], expected one image',
  );
});
