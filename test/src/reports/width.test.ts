import { describe, expect, it } from '@jest/globals';
import { fittingTable, hanging } from '../../../src/reports/width.js';

const NAME = 'decoder.stages.0.blocks.1.convs.0.conv.weight';
const wide = [
  ['tensor', NAME, 'short'],
  ['what it is', 'a convolution of three by three, behind a norm', '-'],
  ['mean', '0.5', '-'],
];

describe('tables', () => {
  it('that fit are as wide as their cells, with numbers and what has none to the right', () => {
    expect(fittingTable(wide, 110)).toBe(
      [
        'tensor                                         what it is                                      mean',
        `${NAME}  a convolution of three by three, behind a norm   0.5`,
        'short                                          -                                                  -',
      ].join('\n'),
    );
  });

  it('that are wider go on below themselves, within words where these are too long', () => {
    const narrow = fittingTable(wide, 60);
    expect(Math.max(...narrow.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(narrow).toBe(
      [
        'tensor                      what it is                  mean',
        'decoder.stages.0.blocks.1.  a convolution of three by    0.5',
        'convs.0.conv.weight         three, behind a norm',
        'short                       -                              -',
      ].join('\n'),
    );
  });

  it('of too many columns are parted, each with the first column', () => {
    const numbers = Array.from({ length: 9 }, (_, index) => [`column ${index}`, String(index)]);
    const parts = fittingTable(numbers, 40).split('\n\n');
    expect(parts.map((part) => part.split('\n')[0])).toEqual([
      'column 0  column 1  column 2  column 3',
      'column 0  column 4  column 5  column 6',
      'column 0  column 7  column 8',
    ]);
  });
});

describe('fields', () => {
  it('go on below their text, and words and shapes stay whole', () => {
    const text = `cost      2 M multiply-adds at 1 x 3 x 256 x 256, of ${NAME}`;
    expect(hanging(text, 10, 40)).toBe(
      ['cost      2 M multiply-adds at', '          1 x 3 x 256 x 256, of', `          ${NAME}`].join('\n'),
    );
    expect(hanging('short', 2, 40)).toBe('short');
  });
});
