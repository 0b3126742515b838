import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { findPairs } from '../../../src/files/pairs.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-pairs-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

/** A folder of empty files: only names matter. */
function folderOf(names: readonly string[]): string {
  const path = join(folder, String(count++));
  mkdirSync(path);
  for (const name of names) writeFileSync(join(path, name), '');
  return path;
}

/** What is paired, as 'image mask', beside one pair that is in order, and what is said of the others. */
async function paired(images: readonly string[], masks: readonly string[]) {
  const { pairs, failures } = await findPairs(folderOf([...images, 'z.jpg']), folderOf([...masks, 'z.png']));
  const texts = pairs.map(({ image, mask }) => `${basename(image)} ${basename(mask)}`);
  expect(texts).toContain('z.jpg z.png');
  return [texts.filter((text) => !text.startsWith('z')), failures.map(({ error }) => error)];
}

describe('in two folders', () => {
  it.each<[string, string[], string[], string[], string[]]>([
    ['one name', ['a.png'], ['a.png'], ['a.png a.png'], []],
    ['another extension', ['a.jpg'], ['a.tif'], ['a.jpg a.tif'], []],
    ['an ending', ['a.jpg'], ['a_segmentation.png'], ['a.jpg a_segmentation.png'], []],
    [
      'other endings',
      ['a.jpg', 'b.jpg', 'c.jpg'],
      ['a-Mask.png', 'b.gt.png', 'c_labels.png'],
      ['a.jpg a-Mask.png', 'b.jpg b.gt.png', 'c.jpg c_labels.png'],
      [],
    ],
    ['an image whose name ends as masks do', ['x_mask.png'], ['x_mask.png'], ['x_mask.png x_mask.png'], []],
    ['the mask of such an image', ['x_mask.png'], ['x_mask_mask.png'], ['x_mask.png x_mask_mask.png'], []],
    [
      'both images with masks of their names',
      ['x.png', 'x_mask.png'],
      ['x.png', 'x_mask.png'],
      ['x.png x.png', 'x_mask.png x_mask.png'],
      [],
    ],
    [
      'a mask of two images',
      ['x.png', 'x_mask.png'],
      ['x_mask.png'],
      [],
      [
        'x.png: x_mask.png may be its mask or that of x_mask.png: rename one',
        'x_mask.png: x_mask.png may be its mask or that of x.png: rename one',
      ],
    ],
    [
      'its name and its name with an ending',
      ['a.jpg'],
      ['a.png', 'a_mask.png'],
      ['a.jpg a.png'],
      ['a_mask.png: not used: a.png is the mask of a.jpg'],
    ],
    [
      'two endings',
      ['a.jpg'],
      ['a_gt.png', 'a_mask.png'],
      [],
      ['a.jpg: a_gt.png and a_mask.png are masks of its name: leave one'],
    ],
    [
      'two extensions',
      ['a.jpg'],
      ['a.png', 'a.tif'],
      [],
      ['a.jpg: a.png and a.tif are masks of its name: leave one'],
    ],
    [
      'two images of one name',
      ['a.jpg', 'a.png'],
      ['a.png'],
      [],
      [
        'a.jpg: a.png may be its mask or that of a.png: rename one',
        'a.png: a.png may be its mask or that of a.jpg: rename one',
      ],
    ],
    [
      'two images of one name, each with its own',
      ['a.jpg', 'a.png'],
      ['a.jpg', 'a.png'],
      ['a.jpg a.jpg', 'a.png a.png'],
      [],
    ],
    [
      'two images of one name and a mask with an ending',
      ['a.jpg', 'a.png'],
      ['a_mask.png'],
      [],
      [
        'a.jpg: a_mask.png may be its mask or that of a.png: rename one',
        'a.png: a_mask.png may be its mask or that of a.jpg: rename one',
      ],
    ],
    [
      'upper and lower case',
      ['IMG_1.jpg', 'b.jpg'],
      ['img_1.png', 'B_mask.png'],
      [],
      [
        'IMG_1.jpg: no mask of its name, img_1.png has it but for upper and lower case: rename one',
        'b.jpg: no mask of its name, B_mask.png has it but for upper and lower case: rename one',
        'B_mask.png: no image of its name',
        'img_1.png: no image of its name',
      ],
    ],
    [
      'names that begin alike',
      ['a.jpg', 'a_1.jpg'],
      ['a_1.png', 'a_10.png'],
      ['a_1.jpg a_1.png'],
      ['a.jpg: no mask of its name', 'a_10.png: no image of its name'],
    ],
    [
      'a name that is an ending alone',
      ['a.jpg'],
      ['_mask.png'],
      [],
      ['a.jpg: no mask of its name', '_mask.png: no image of its name'],
    ],
  ])('%s', async (_, images, masks, pairs, failures) => {
    expect(await paired(images, masks)).toEqual([pairs, failures]);
  });
});

describe('in one folder, masks are what has an ending', () => {
  it('and no image is its own mask, nor a mask an image', async () => {
    const path = folderOf(['a.png', 'a_mask.png', 'b.jpg', 'b_segmentation.png', 'c.jpg', 'd_gt.png']);
    const link = join(folder, 'link');
    symlinkSync(path, link);
    for (const masks of [path, link, `${path}/`]) {
      const { pairs, failures } = await findPairs(path, masks);
      expect(pairs.map(({ image, mask }) => `${basename(image)} ${basename(mask)}`)).toEqual([
        'a.png a_mask.png',
        'b.jpg b_segmentation.png',
      ]);
      expect(failures.map(({ error }) => error)).toEqual([
        'c.jpg: no mask of its name',
        'd_gt.png: no image of its name',
      ]);
    }
  });

  it('where none has one, it is said how they are told apart', async () => {
    const path = folderOf(['a.jpg', 'a.png']);
    await expect(findPairs(path, path)).rejects.toThrow(
      /in one folder masks are named NAME_mask\.png; a\.jpg: no mask of its name$/,
    );
  });
});

it('where names of images begin with that of a mask, channels in files of their own are thought of', async () => {
  const [images, masks] = [folderOf(['a_0000.png', 'a_0001.png']), folderOf(['a.png'])];
  await expect(findPairs(images, masks)).rejects.toThrow(
    /; where a_0000\.png and a_0001\.png are channels of the image of a\.png, say so with `inputs`$/,
  );
});

it('where nothing is paired, the first reason is told', async () => {
  const [images, masks] = [folderOf(['a.jpg']), folderOf(['b.png'])];
  await expect(findPairs(images, masks)).rejects.toMatchObject({
    code: 'BAD_IMAGE',
    message: `${images}: no image can be paired with a mask of its name in ${masks}; a.jpg: no mask of its name`,
  });
});
