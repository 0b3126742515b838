import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { inGrey, TAKEN } from '../../runtime/images/channels.js';
import { TIFF_TAGS, tiffTag } from '../../runtime/images/files/tiff.js';
import { type LocalFiles, readChannels } from '../../runtime/node/images/channels.js';
import { readImage } from '../../runtime/node/images/files.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { exportModel } from '../../src/api/export.js';
import {
  channelCase,
  channelCases,
  expectedOf,
  exportCase,
  farthest,
  hintsOfChannels,
  imageOf,
} from '../support/channels.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';
import { handmadePng, indexedPng } from '../support/png.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-channels-'));
afterAll(() => rmSync(folder, { recursive: true }));
const photograph = fixture('images', 'ISIC_0000082.jpg');

describe('what NumPy, Pillow and PyTorch make of an image', () => {
  // All of them in their graphs, and in a browser: test/runtime/web/channels.extended.ts.
  const inGraphs = ['window', 'nonzero', 'pages'];
  const forms = channelCases.flatMap((each) =>
    (['tensor', 'image'] as const)
      .filter((io) => io === 'tensor' || inGraphs.includes(each.name))
      .map((io) => ({ ...each, io })),
  );
  it.each(forms)('$name: from its files to probabilities, with io $io', async ({ io, ...each }) => {
    const model = await exportCase(each, folder, {
      io,
      ...(each.name === 'nonzero' && io === 'image' && { imageBits: 16 }),
    });
    await using segmenter = await Segmenter.load(model, { threads: 1, strictRecipe: true });
    const { probabilities } = await segmenter.segment(imageOf(each));
    expect(farthest(probabilities?.data ?? [], expectedOf(each))).toBeLessThanOrEqual(1e-5);
  });
});

it('an export is compared on images whose channels are files, by the names that they are said to have', async () => {
  const each = channelCase('nonzero');
  const images = join(folder, 'compared');
  mkdirSync(images);
  for (const file of imageOf(each)) copyFileSync(file, join(images, basename(file)));
  const { difference } = await exportModel({
    ...{ checkpoint: fixture('channels', each.checkpoint), output: join(folder, 'fp16.onnx') },
    ...hintsOfChannels(each),
    ...{ images, inputs: ['{case}_0000.png', '{case}_0001.png'] },
    ...{ precision: 'fp16', maxDscDrop: 0.5 },
  });
  expect(difference).toMatchObject({ images: 1 });
});

describe('one channel', () => {
  const wanted = { channels: 1 };
  const grey = imageOf(channelCase('grey'))[0] ?? '';

  it('is the same of all formats that keep samples as they are, at 8 and at 16 bits', async () => {
    const stored = await readChannels(grey, wanted);
    expect(stored).toMatchObject({ channels: 1, width: 43, height: 29 });
    const deep = Uint16Array.from(stored.data, (value) => 200 * value + 7);
    const of = (data: Uint8Array | Uint16Array) =>
      sharp(data, { raw: { width: 43, height: 29, channels: 1 } }).toColourspace(
        data instanceof Uint16Array ? 'grey16' : 'b-w',
      );
    for (const data of [stored.data, deep]) {
      for (const bytes of [
        await of(data).png().toBuffer(),
        await of(data).tiff({ compression: 'lzw' }).toBuffer(),
      ]) {
        expect((await readChannels(bytes, wanted)).data).toEqual(data);
      }
    }
    const jpeg = await of(stored.data).jpeg({ quality: 100 }).toBuffer();
    expect(farthest((await readChannels(jpeg, wanted)).data, stored.data)).toBeLessThanOrEqual(3);
  });

  it('of a TIFF whose white is 0 has the most where it is white', async () => {
    const data = Uint8Array.of(0, 10, 255);
    const raw = { raw: { width: 3, height: 1, channels: 1 } } as const;
    const bytes = await sharp(data, raw).toColourspace('b-w').tiff({ miniswhite: true }).toBuffer();
    expect(tiffTag(bytes, TIFF_TAGS.photometric)).toBe(0);
    expect((await readChannels(bytes, wanted)).data).toEqual(data);
  });

  it('of fewer bits reaches 255, a palette of greys is looked up, and alpha is dropped', async () => {
    const size = { width: 4, height: 1 };
    const samples = (png: Uint8Array) => readChannels(png, wanted).then(({ data }) => [...data]);
    const packed = handmadePng({ ...size, depth: 2, colourType: 0, rows: [Uint8Array.of(0b00011011)] });
    expect(await samples(packed)).toEqual([0, 85, 170, 255]);
    expect(await samples(indexedPng(4, [2, 0, 1, 1], [9, 9, 9, 7, 7, 7, 200, 200, 200]))).toEqual([
      200, 9, 7, 7,
    ]);
    const rows = [Uint8Array.of(10, 0, 20, 255, 30, 3, 40, 4)];
    expect(await samples(handmadePng({ ...size, depth: 8, colourType: 4, rows }))).toEqual([10, 20, 30, 40]);
    await expect(samples(indexedPng(1, [0], [1, 2, 3]))).rejects.toThrow('the image: it is RGB');
  });

  it("of colours is Pillow's luma or red, and refused where nobody says which", async () => {
    const rgb = await readImage(photograph);
    const luma = await readChannels(photograph, { channels: 1, grey: 'luma' });
    expect(luma).toEqual(inGrey(rgb, 'luma'));
    const [red, green, blue] = rgb.data;
    expect(luma.data[0]).toBe(
      Math.floor((Number(red) * 19595 + Number(green) * 38470 + Number(blue) * 7471 + 32768) / 65536),
    );
    expect((await readChannels(photograph, { channels: 1, grey: 'red' })).data[0]).toBe(red);
    await expect(readChannels(photograph, wanted)).rejects.toThrow(
      "ISIC_0000082.jpg: it is RGB, the model takes one grey channel: choose how to convert it with `grey: 'luma'` or `grey: 'red'`",
    );
  });
});

describe('grey that is stored as red, green and blue', () => {
  const levels = Uint8Array.from({ length: 43 * 29 }, (_, i) => (i * 7) & 255);
  const inColours = (change = 0) => {
    const data = Uint8Array.from({ length: 3 * levels.length }, (_, i) => levels[Math.floor(i / 3)] ?? 0);
    data[data.length - 1] = (levels.at(-1) ?? 0) ^ change;
    return sharp(data, { raw: { width: 43, height: 29, channels: 3 } });
  };

  it.each([
    ['PNG', inColours().png()],
    ['TIFF', inColours().tiff({ compression: 'lzw' })],
    ['WebP', inColours().webp({ lossless: true })],
  ])('of a %s is one channel where all pixels are grey', async (_, image) => {
    const file = await image.toBuffer();
    const { data, channels, warnings } = await readChannels(file, { channels: 1 });
    expect({ data, channels, warnings }).toEqual({ data: levels, channels: 1, warnings: [TAKEN.equal] });
    const { warnings: ofLuma } = await readChannels(file, { channels: 1, grey: 'luma' });
    expect(ofLuma).toBeUndefined();
  });

  it('is refused where one pixel is not', async () => {
    const file = await inColours(1).png().toBuffer();
    await expect(readChannels(file, { channels: 1 })).rejects.toThrow('the image: it is RGB');
  });

  it('is a channel beside those of other files', async () => {
    const grey = imageOf(channelCase('grey'))[0] ?? '';
    const { channels, warnings } = await readChannels([grey, await inColours().png().toBuffer()], {
      channels: 2,
    });
    expect({ channels, warnings }).toEqual({
      channels: 2,
      warnings: [`file 2 of the image: ${TAKEN.equal}`],
    });
  });
});

describe('files of channels that do not go together are refused in one line', () => {
  const wanted = { channels: 2 };
  const [first = '', second = ''] = imageOf(channelCase('nonzero'));
  const grey16 = (width: number, height: number) =>
    sharp(new Uint16Array(width * height), { raw: { width, height, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
  const pages = imageOf(channelCase('pages'))[0] ?? '';

  it.each<[string, () => LocalFiles | Promise<LocalFiles>, string]>([
    [
      'another size',
      async () => [first, await grey16(20, 30)],
      'file 2 of the image: it is 20x30, nonzero_0000.png is 43x29: the channels of an image are of one size',
    ],
    [
      'another depth',
      () => [first, fixture('channels', 'grey.png')],
      'grey.png: it has 8 bits a sample, nonzero_0000.png has 16: the channels of an image are of one depth',
    ],
    [
      'too many',
      () => [first, second, first],
      'nonzero_0000.png + nonzero_0001.png + nonzero_0000.png: together they have 3 channels, the model takes 2: give a file for each of these',
    ],
    [
      'too few',
      () => [first],
      'nonzero_0000.png: it has 1 channel, the model takes 2: give the files of its channels (`inputs`), a TIFF of 2 grey pages, or a file of 2 samples a pixel',
    ],
    [
      'one with colours',
      () => [photograph, photograph],
      "ISIC_0000082.jpg + ISIC_0000082.jpg: together they have 6 channels, the model takes 2: ISIC_0000082.jpg is RGB, choose how to convert it to grey with `grey: 'luma'` or `grey: 'red'`",
    ],
    [
      'one that is not an image',
      () => [first, Uint8Array.of(1, 2, 3)],
      'file 2 of the image: cannot be read',
    ],
    ['none', () => [], 'no file of an image is given'],
    [
      'one that is missing',
      () => [first, fixture('channels', 'gone.png')],
      'gone.png: cannot be read as an image: ',
    ],
    [
      'more pages',
      () => pages,
      'pages.tif: cannot be read as an image: it has 4 pages, the model takes 2 channels',
    ],
  ])('%s', async (_, files, message) => {
    await expect(readChannels(await files(), wanted)).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_IMAGE', message: expect.stringContaining(message) }),
    );
  });
});

it('three grey files are no colours that a model of one channel is given', async () => {
  const file = imageOf(channelCase('grey'))[0] ?? '';
  await expect(readChannels([file, file, file], { channels: 1, grey: 'luma' })).rejects.toThrow(
    'grey.png + grey.png + grey.png: together they have 3 channels, the model takes 1: give a file for each of these',
  );
});

it('what does not fit the channels of a model is refused in one line', async () => {
  const model = await exportCase(channelCase('grey'), folder);
  expect(nmode('predict', model, photograph, '-o', folder, '--recipe', 'imagenet').stderr).toBe(
    'nmode: grey.onnx: the recipe has a mean and std of 3 channels, the model takes 1\n',
  );
  await using segmenter = await Segmenter.load(model, { threads: 1 });
  const pixels = { width: 2, height: 1, channels: 2, data: Uint8Array.of(1, 2, 3, 4) };
  await expect(segmenter.segment(pixels)).rejects.toThrow(
    'the image: it has 2 channels, the model takes 1: give a grey image',
  );
});
