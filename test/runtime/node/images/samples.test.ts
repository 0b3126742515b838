import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readChannels } from '../../../../runtime/node/images/channels.js';
import { readImage } from '../../../../runtime/node/images/files.js';
import { fixture } from '../../../support/fixtures.js';

/** As `fixtures/samples.py` lists them: rows of pixels, and what the file says of their samples. */
interface Case {
  readonly file: string;
  readonly samples: readonly (readonly (readonly number[])[])[];
  readonly colours: number;
  readonly alpha: boolean;
  readonly planes: boolean;
}

const cases: readonly Case[] = JSON.parse(readFileSync(fixture('samples', 'cases.json'), 'utf8'));

describe.each(cases)('$file', ({ file, samples, colours, alpha, planes }) => {
  const path = fixture('samples', file);
  const pixels = samples.flat();
  const count = pixels[0]?.length ?? 0;

  it('gives every sample to a model of as many channels', async () => {
    if (planes) {
      await expect(readChannels(path, { channels: count })).rejects.toThrow(
        `it has ${count} samples a pixel in planes (PlanarConfiguration 2) that are not of colours: save them as grey pages`,
      );
      return;
    }
    const { width, height, channels, data } = await readChannels(path, { channels: count });
    expect({ width, height, channels, data: [...data] }).toEqual({
      ...{ width: 6, height: 4, channels: count },
      data: pixels.flat(),
    });
  });

  it('loses alpha alone where a model takes grey or colours', async () => {
    const read = readChannels(path, { channels: colours });
    if (alpha) {
      const kept = pixels.flatMap((pixel) => pixel.slice(0, colours));
      expect([...(await read).data]).toEqual(kept);
      return;
    }
    const message = planes
      ? `${file}: cannot be read as an image: it has ${count} samples a pixel in planes`
      : `${file}: cannot be read as an image: it has ${count} samples a pixel: ${colours === 1 ? 'grey' : 'colours'} and ${count - colours} more, which are not one alpha by its ExtraSamples: a model of ${count} channels takes them all, for another leave them out`;
    await expect(read).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_IMAGE', message: expect.stringContaining(message) }),
    );
    await expect(readImage(path)).rejects.toThrow(message);
  });
});

it('samples that the file says nothing of are still read whole, or refused', async () => {
  const bytes = readFileSync(fixture('samples', '2-1-none.tif'));
  await expect(readChannels(bytes.subarray(0, -4), { channels: 2 })).rejects.toThrow(
    'cannot be read as an image',
  );
});

it('inks are no channels', async () => {
  const photograph = sharp(fixture('images', 'ISIC_0000082.jpg')).resize(8).toColourspace('cmyk');
  for (const bytes of [
    await photograph.clone().tiff().toBuffer(),
    await photograph.clone().jpeg().toBuffer(),
  ]) {
    await expect(readChannels(bytes, { channels: 4 })).rejects.toThrow(
      'it is CMYK, whose samples are inks, not channels',
    );
    expect(await readChannels(bytes, { channels: 3 })).toMatchObject({ channels: 3 });
  }
});

it('BigTIFF tells its samples as TIFF does', async () => {
  const raw = { raw: { width: 2, height: 1, channels: 4 } } as const;
  const data = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
  const bytes = await sharp(data, raw).tiff({ bigtiff: true, compression: 'none' }).toBuffer();
  expect(bytes[2]).toBe(43);
  expect([...(await readChannels(bytes, { channels: 4 })).data]).toEqual([...data]);
});
