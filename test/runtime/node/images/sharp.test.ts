import { expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readImage } from '../../../../runtime/node/images/files.js';
import { fixture } from '../../../support/fixtures.js';

it('keeps nothing of an image that was read', async () => {
  await readImage(fixture('images', 'ISIC_0000082.jpg'));
  const { memory, items } = sharp.cache();
  expect([memory.current, memory.max, items.current, items.max]).toEqual([0, 0, 0, 0]);
});
