import { expect, it } from '@jest/globals';
import type { Mask, RgbImage } from '../../../runtime/common/raster.js';
import { classColour } from '../../../runtime/images/class-colours.js';
import { drawable } from '../../../runtime/images/dot-font.js';
import { drawClasses } from '../../../runtime/images/draw.js';
import { withLegend } from '../../../runtime/images/legend.js';

const grey = (width: number, height: number): RgbImage => ({
  width,
  height,
  channels: 3,
  data: new Uint8Array(3 * width * height).fill(90),
});
const [RED, BLUE] = [classColour(0), classColour(1)];

/** What is drawn below an image, a character a pixel: `#` for ink, the entry's number for its colour. */
function drawn({ width, height, data }: RgbImage, above: number): readonly string[] {
  return Array.from({ length: height - above }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const pixel = data.subarray(3 * ((y + above) * width + x)).subarray(0, 3);
      if (pixel.join() === RED.join()) return '1';
      if (pixel.join() === BLUE.join()) return '2';
      return pixel[0] === 235 ? '#' : ' ';
    })
      .join('')
      .trimEnd(),
  );
}

it('writes each name beside its colour, below the image and over none of it', () => {
  const image = grey(40, 3);
  const result = withLegend(image, [{ text: 'L1', colour: RED }]);
  expect(result.data.subarray(0, image.data.length)).toEqual(image.data);
  expect(drawn(result, 3)).toEqual([
    '',
    '',
    '  1111111  #       #',
    '  1111111  #      ##',
    '  1111111  #       #',
    '  1111111  #       #',
    '  1111111  #       #',
    '  1111111  #       #',
    '  1111111  #####  ###',
    '',
    '',
  ]);
});

it('goes on in the next line, cuts what is wider than the image, and grows with it', () => {
  const entries = [
    { text: 'one', colour: RED },
    { text: 'a name that is far too long', colour: BLUE },
  ];
  const narrow = withLegend(grey(60, 3), entries);
  expect(narrow.height).toBe(3 + 2 * 11);
  const wide = withLegend(grey(640, 3), entries);
  expect(wide.height).toBe(3 + 2 * 11);
  expect(drawn(wide, 3)[4]).toMatch(/^ {4}1{14} /);
  expect(withLegend(grey(1, 1), entries)).toMatchObject({ width: 1, height: 23 });
});

it('draws accents without them, and other scripts as question marks behind the label', () => {
  expect(drawable('1 Läsion')).toBe('1 Lasion');
  expect(drawable('2 病变')).toBe('2 ??');
});

it('names the classes that an image holds, and leaves images alone that hold none', () => {
  const mask = (...data: number[]): Mask => ({
    width: 2,
    height: 1,
    channels: 1,
    data: Uint8Array.from(data),
  });
  const masks = [mask(255, 0), mask(0, 0), mask(0, 255)];
  const under = drawClasses(grey(2, 1), masks);
  const named = drawClasses(grey(2, 1), masks, ['1 a', '2 b', '3 c']);
  expect(named.data.subarray(0, 6)).toEqual(under.data);
  expect(named.height).toBe(1 + 2 * 11);
  expect(drawClasses(grey(2, 1), [mask(0, 0)], ['1 a']).height).toBe(1);
});
