import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { expect, it } from '@jest/globals';
import sharp from 'sharp';
import { decodePng } from '../../../../runtime/images/files/png.js';
import { encodePng } from '../../../../runtime/node/images/files.js';

const labels = { width: 3, height: 2, channels: 1, data: Uint8Array.of(0, 1, 2, 2, 1, 0) } as const;
const palette = Uint8Array.of(0, 0, 0, 255, 64, 32, 32, 128, 255);

it('stores labels as indices of colours, which other programs show', async () => {
  const png = await encodePng(labels, palette);
  const read = await decodePng(png, (bytes) => promisify(inflate)(bytes), 100);
  expect(read).toMatchObject({ depth: 8, channels: 1, data: labels.data, palette });
  const shown = await sharp(png).raw().toBuffer();
  expect([...shown]).toEqual(
    [...labels.data].flatMap((label) => [...palette.subarray(3 * label, 3 * label + 3)]),
  );
});

it('refuses labels that have no colour, and pixels that are no labels', async () => {
  await expect(encodePng(labels, palette.subarray(0, 6))).rejects.toThrow('a label beyond the 2 colours');
  const rgb = { width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) };
  await expect(encodePng(rgb, palette)).rejects.toThrow('expected 8 bits a sample, grey or RGB, or indices');
});
