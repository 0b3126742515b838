import { afterEach, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readOutline } from '../../../graph/file/outline.js';
import type { Recipe } from '../../../graph/recipe/recipe.js';
import { inputSpecOf } from '../../../runtime/input-spec.js';
import { Segmenter } from '../../../runtime/node/segmenter.js';
import { createSession, type ProviderReport } from '../../../runtime/node/sessions/session.js';
import type { ImageMethods } from '../../../runtime/node/threads/image-thread.js';
import { startThread } from '../../../runtime/node/threads/thread.js';
import { BaseSegmenter, partsOf } from '../../../runtime/segmenter.js';
import { Respawning } from '../../../runtime/threads/respawning.js';
import { TINY } from '../../support/tiny-models.js';

const RESIZED = { normalization: { kind: 'unit' } } as const;
const NATIVE = { ...RESIZED, sizing: { kind: 'pad', multiple: 1 } } as const;

const png = (level: number, side = 32) =>
  sharp({ create: { width: side, height: side, channels: 3, background: { r: level, g: level, b: level } } })
    .png()
    .toBuffer();

let opened: Segmenter | undefined;
afterEach(() => opened?.close());

const load = async (model: Uint8Array, recipe: Partial<Recipe>, memoryBudget = 1e9) => {
  const loaded = await Segmenter.load(model, { recipe, threads: 1, memoryBudget });
  opened = loaded;
  return loaded;
};

describe('what fails for one image fails for no other', () => {
  it.each<[string, keyof typeof TINY, Partial<Recipe>, () => Promise<Uint8Array>, string, RegExp]>([
    [
      'NaN',
      'nan',
      RESIZED,
      () => png(0),
      'BAD_MODEL',
      /^the model gives NaN, expected probabilities from 0 to 1$/,
    ],
    [
      'numbers beyond 1',
      'bright',
      RESIZED,
      () => png(255),
      'BAD_USAGE',
      /^the model gives 3, .*convert them with `head: 'sigmoid'`$/,
    ],
    [
      'a size that onnxruntime refuses',
      'small',
      NATIVE,
      () => png(9, 33),
      'CANNOT_RUN',
      /^onnxruntime: .*Reshape/,
    ],
    ['a file that is none', 'nan', RESIZED, async () => new Uint8Array(9), 'BAD_IMAGE', /expected JPEG/],
  ])('%s', async (_, model, recipe, bad, code, message) => {
    const segmenter = await load(TINY[model](), recipe);
    const sources = [await png(80), await bad(), await png(80), await png(80)];
    const found = [];
    for await (const result of segmenter.segmentAll(sources)) found.push(result);
    expect(found.map(({ source }) => source)).toEqual(sources);
    expect(found.map((result) => 'error' in result)).toEqual([false, true, false, false]);
    expect(found[1]).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
  });

  it('an image that is too large for the memory budget', async () => {
    const segmenter = await load(TINY.small(), NATIVE, 3e6);
    const found = [];
    for await (const result of segmenter.segmentAll([await png(80), await png(80, 2000)])) found.push(result);
    expect(found).toMatchObject([
      { segmentation: { width: 32 } },
      {
        error: {
          code: 'BAD_USAGE',
          message: expect.stringMatching(/memory budget of 3 MB, expected at least/),
        },
      },
    ]);
  });
});

it('infinity is named', async () => {
  const segmenter = await load(TINY.infinite(), RESIZED);
  await expect(segmenter.segment(await png(0))).rejects.toThrow(
    /gives Infinity, expected probabilities from 0/,
  );
});

describe('what no image is to blame for ends the work', () => {
  it('options, before anything is read', async () => {
    const segmenter = await load(TINY.nan(), RESIZED);
    const all = segmenter.segmentAll(['nowhere.png'], { threshold: 2 });
    await expect(all.next()).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });

  it('an abort', async () => {
    const segmenter = await load(TINY.nan(), RESIZED);
    const stop = new AbortController();
    const all = segmenter.segmentAll([await png(80), await png(0), await png(80)], { signal: stop.signal });
    await all.next();
    stop.abort(new Error('enough'));
    await expect(all.next().then(() => all.next())).rejects.toThrow('enough');
  });

  it('closing the segmenter, however many images would follow', async () => {
    const segmenter = await load(TINY.nan(), RESIZED);
    const image = await png(80);
    function* endless() {
      for (;;) yield image;
    }
    const all = segmenter.segmentAll(endless());
    await all.next();
    await segmenter.close();
    const rest = (async () => {
      for await (const _ of all);
    })();
    // Whichever of its parts hears of it first.
    await expect(rest).rejects.toThrow(/the (segmenter|session) is closed/);
  });
});

it('a thread of images that dies fails what it had, and another does the rest', async () => {
  const images = new Respawning(() => startThread<ImageMethods>('image-thread', 'the segmenter'));
  class Fragile extends BaseSegmenter<Uint8Array, ProviderReport> {
    static async open() {
      const model = TINY.nan();
      const spec = inputSpecOf(readOutline(model, 'nan'), { recipe: RESIZED });
      const session = await createSession(model, { threads: 1 });
      const hand = (source: Uint8Array) => {
        if (source.length === 0) images.current.abandon(new Error('out of memory'));
        return { source: [source] };
      };
      const nameOf = () => undefined;
      return new Fragile(partsOf({ session, images, spec, name: 'nan', at: 'image', nameOf, hand }));
    }
  }
  await using fragile = await Fragile.open();
  const sources = [await png(80), new Uint8Array(), await png(80), await png(80)];
  const found = [];
  for await (const result of fragile.segmentAll(sources)) found.push(result);
  expect(found).toHaveLength(4);
  // The first may have been read before, and the others were given to the thread that came after.
  expect(found[1]).toMatchObject({ error: { code: 'CANNOT_RUN', message: 'out of memory' } });
  for (const result of found.slice(2)) expect(result).toHaveProperty('segmentation');
  expect(fragile.alive).toBe(true);
});
