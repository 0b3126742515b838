import { describe, expect, it } from '@jest/globals';
import { readExif } from '../../../../runtime/images/files/exif.js';
import { exif } from '../../../support/image-files.js';

describe('the orientation in EXIF data', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('%d, in both orders of bytes and all types of numbers', (orientation) => {
    for (const little of [true, false]) {
      for (const type of [1, 3, 4]) {
        const data = exif(orientation, { little, type });
        expect(readExif(data)).toEqual({ orientation });
        // JPEG puts a name before it, and so do some programs in WebP.
        expect(readExif(Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), data]))).toEqual({ orientation });
      }
    }
  });

  it('is upright where none is told', () => {
    expect(readExif(exif(6, { tag: 0x0110 }))).toEqual({ orientation: 1 });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /EXIF data are damaged/],
    ['no header', exif(6).fill(0, 0, 4), /EXIF data are damaged/],
    ['0', exif(0), /orientation is 0, expected 1 to 8/],
    ['9', exif(9), /orientation is 9, expected 1 to 8/],
    ['two numbers', exif(6, { count: 2 }), /orientation is not one number/],
    ['a text', exif(6, { type: 2 }), /orientation is not one number/],
    ['a directory beyond the end', exif(6).fill(0xff, 4, 8), /EXIF data are cut short/],
    ['fewer entries than are told', exif(6, { tag: 1 }).fill(0xff, 8, 10), /EXIF data are cut short/],
  ])('is a guess, and told as one: %s', (_, data, says) => {
    expect(readExif(data)).toEqual({
      orientation: 1,
      problem: expect.stringMatching(new RegExp(`${says.source}.*: the image is taken as upright$`)),
    });
  });

  it('is read from wherever the data are cut, without an error', () => {
    const data = exif(6);
    for (let length = 0; length < data.length; length++) {
      expect(readExif(data.subarray(0, length))).toHaveProperty('orientation');
    }
  });
});
