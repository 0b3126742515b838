/** What an image is taken for that has not the channels of the model is told. */
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { outlineOf } from '../../../../graph/ir/model.js';
import { sigmoid } from '../../../../graph/ops/unary.js';
import { TAKEN } from '../../../../runtime/images/channels.js';
import { imageMethods } from '../../../../runtime/images/image-methods.js';
import { inputSpecOf } from '../../../../runtime/input-spec.js';
import { readChannels } from '../../../../runtime/node/images/channels.js';
import { COLOURS, pixelwise, UNIT } from '../../../support/pixelwise.js';

const picture = (channels: 3 | 4) =>
  sharp(Buffer.alloc(8 * 8 * channels, 99), { raw: { width: 8, height: 8, channels } });
const { grey, alpha, cmyk } = TAKEN;

const FILES = {
  'RGB PNG': picture(3).png(),
  'RGBA PNG': picture(4).png(),
  'RGBA WebP': picture(4).webp({ lossless: true }),
  'RGBA TIFF': picture(4).tiff({ compression: 'lzw' }),
  'grey PNG': picture(3).toColourspace('b-w').png(),
  'grey and alpha PNG': picture(4).toColourspace('b-w').png(),
  'grey JPEG': picture(3).toColourspace('b-w').jpeg(),
  'grey TIFF': picture(3).toColourspace('b-w').tiff(),
  'CMYK JPEG': picture(3).toColourspace('cmyk').jpeg(),
  'palette PNG': picture(3).png({ palette: true }),
};

const warningsOf = async (name: keyof typeof FILES, channels: number, stored = false) =>
  (await readChannels(await FILES[name].toBuffer(), { channels, stored, grey: 'luma' })).warnings ?? [];

describe.each([false, true])(
  'files for a model of three channels, as scikit-image reads them: %p',
  (stored) => {
    it.each<[keyof typeof FILES, string[]]>([
      ['RGB PNG', []],
      ['RGBA PNG', [alpha]],
      ['RGBA WebP', [alpha]],
      ['RGBA TIFF', [alpha]],
      ['grey PNG', [grey]],
      ['grey JPEG', [grey]],
      ['grey TIFF', [grey]],
      ['CMYK JPEG', [cmyk]],
      ['palette PNG', []],
    ])('%s', async (name, told) => {
      expect(await warningsOf(name, 3, stored)).toEqual(told);
    });

    it('grey with alpha is both', async () => {
      expect([...(await warningsOf('grey and alpha PNG', 3, stored))].sort()).toEqual([grey, alpha].sort());
    });
  },
);

it.each<[keyof typeof FILES, number, string[]]>([
  ['grey PNG', 1, []],
  ['grey and alpha PNG', 1, [alpha]],
  ['RGB PNG', 1, []],
  ['RGBA PNG', 1, [alpha]],
  ['RGBA PNG', 4, []],
  ['grey and alpha PNG', 2, []],
])('%s for a model of %i channels', async (name, channels, told) => {
  expect(await warningsOf(name, channels)).toEqual(told);
});

it('so are grey pixels that a program gives', async () => {
  const spec = {
    ...inputSpecOf(outlineOf(pixelwise({ ...COLOURS, end: sigmoid, metadata: { 'nmode.recipe': UNIT } }))),
  };
  const source = { width: 8, height: 8, channels: 1, data: new Uint8Array(64) };
  const { warnings } = await imageMethods((image: typeof source) => image).begin({ id: 0, source, spec });
  expect(warnings).toEqual([grey]);
});
