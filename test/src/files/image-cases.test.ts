import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { arePatterns, casesOf, findCases, isChannelFile } from '../../../src/files/image-cases.js';
import { findPairs } from '../../../src/files/pairs.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-cases-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [images, masks] = [join(folder, 'images'), join(folder, 'masks')];
for (const path of [images, masks, join(images, 't1')]) mkdirSync(path);
const write = (path: string, ...names: readonly string[]) => {
  for (const name of names) writeFileSync(join(path, name), 'x');
};
write(
  images,
  'b_0000.png',
  'b_0001.png',
  'a.b_0000.png',
  'a.b_0001.png',
  'c_0001.png',
  '.d_0000.png',
  'note.txt',
);
write(join(images, 't1'), 'b.tif');
write(masks, 'b.png', 'a.b_mask.png', 'z.png');
const patterns = ['{case}_0000.png', '{case}_0001.png'];

it('finds the images of which all files are there, in the order of their names, and tells what others lack', async () => {
  const { cases, failures } = await findCases(images, patterns);
  expect(cases).toEqual([
    { name: 'a.b', files: [join(images, 'a.b_0000.png'), join(images, 'a.b_0001.png')] },
    { name: 'b', files: [join(images, 'b_0000.png'), join(images, 'b_0001.png')] },
  ]);
  expect(failures.map(({ error }) => error.message)).toEqual(['c: c_0000.png is missing']);
});

it('files of one image may be in folders of their own, and a file of one is not one of another', async () => {
  const { cases } = await findCases(images, ['{case}_0000.png', 't1/{case}.tif']);
  expect(cases.map(({ name }) => name)).toEqual(['b']);
  // By the first pattern alone, b_0001 would be an image too.
  const open = await findCases(images, ['{case}.png', '{case}.png']);
  expect(open.failures).toEqual([]);
});

it('finds them by the names that nnU-Net gives to channels, in the order of their numbers', () => {
  const files = ['b_0001.png', 'b_0000.png', 'c_0001.png', 'a.b_0000.png', 'a.b_0001.png'];
  const { cases, failures } = casesOf(files.map((file) => join(images, file)));
  expect(cases).toEqual([
    { name: 'b', files: [join(images, 'b_0000.png'), join(images, 'b_0001.png')] },
    { name: 'a.b', files: [join(images, 'a.b_0000.png'), join(images, 'a.b_0001.png')] },
  ]);
  expect(failures.map(({ error }) => error.message)).toEqual(['c: c_0000.png is missing']);
  expect(['b_0000.png', 'b_000.png', '_0000.png', 'b.png'].map(isChannelFile)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

it('pairs them where a model says that its channels are named so', async () => {
  const { pairs, failures } = await findPairs(images, masks, { files: 'nnunet' });
  expect(pairs.map(({ inputs, mask }) => [inputs?.length, mask])).toEqual([
    [2, join(masks, 'a.b_mask.png')],
    [2, join(masks, 'b.png')],
  ]);
  expect(failures.map(({ error }) => error)).toContain('c: c_0000.png is missing');
});

it('pairs images with masks of the name that stands for the pattern', async () => {
  const { pairs, failures } = await findPairs(images, masks, { inputs: patterns });
  expect(pairs.map(({ inputs, mask }) => [inputs?.length, mask])).toEqual([
    [2, join(masks, 'a.b_mask.png')],
    [2, join(masks, 'b.png')],
  ]);
  expect(failures.map(({ error }) => error)).toEqual([
    'c: c_0000.png is missing',
    'z.png: no image of its name',
  ]);
});

it.each<[readonly string[], RegExp]>([
  [['a.png', '{case}.png'], /^`inputs`: \{case\} is in some of a.png, \{case\}.png, and not in all$/],
  [['{case}/a.png', '{case}.png'], /^`inputs`: \{case\}\/a.png holds \{case\} elsewhere than once/],
  [['{case}_{case}.png'], /elsewhere than once in the name/],
  [['a.png', ''], /^`inputs`: the name of a file is empty$/],
  [[], /the name of a file is empty/],
])('%j is refused', (inputs, says) => {
  expect(() => arePatterns(inputs)).toThrow(says);
});

it('refuses names where patterns are needed, and a folder without such files', async () => {
  await expect(findCases(images, ['b_0000.png'])).rejects.toThrow(/expected patterns with \{case\}/);
  await expect(findCases(images, ['{case}.dcm'])).rejects.toThrow(/it holds no file by \{case\}.dcm$/);
  await expect(findCases(join(images, 'b_0000.png'), patterns)).rejects.toThrow(
    /b_0000.png: cannot be read: it is not a folder, where patterns look for files$/,
  );
  await expect(findCases(join(folder, 'gone'), patterns)).rejects.toThrow(/gone: cannot be read: /);
});
