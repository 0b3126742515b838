import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { encodeModel } from '../../../graph/file/write.js';
import { symbol } from '../../../graph/ir/dim.js';
import { input } from '../../../graph/ir/value.js';
import { sliceAxis } from '../../../graph/ops/slice.js';
import { RECIPE_KEY } from '../../../graph/recipe/recipe.js';
import { type EvaluateOptions, evaluate } from '../../../src/api/evaluate.js';
import { modelOf } from '../../support/graph.js';
import { nmode } from '../../support/nmode.js';
import { indexedPng } from '../../support/png.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-evaluate-'));
afterAll(() => rmSync(folder, { recursive: true }));
const model = join(folder, 'red.onnx');
const [WIDTH, HEIGHT] = [48, 32];
const isObject = (i: number) => i % WIDTH >= 10 && i % WIDTH < 30 && i >= 8 * WIDTH && i < 20 * WIDTH;
const isRing = (i: number) => i % WIDTH >= 30 && i % WIDTH < 33 && i >= 8 * WIDTH && i < 20 * WIDTH;
const OBJECT = 20 * 12;
const RING = 3 * 12;

/** A model whose mask is what is red, at the size of the image: it finds exactly the object, whatever says where that is. */
beforeAll(() => {
  const x = input('input', 'float32', [1, 3, symbol('H'), symbol('W')]);
  const red = modelOf([x], { mask: sliceAxis(x, 1, 0, 1) });
  const recipe = JSON.stringify({ normalization: { kind: 'unit' }, sizing: { kind: 'pad', multiple: 1 } });
  writeFileSync(model, encodeModel({ ...red, metadata: new Map([[RECIPE_KEY, recipe]]) }));
});

/** Pixels of an image or a mask. */
const drawn = (at: (i: number) => readonly number[], [width, height] = [WIDTH, HEIGHT]) => {
  const pixels = Array.from({ length: width * height }, (_, i) => at(i));
  const channels = pixels[0]?.length as 1 | 3;
  return sharp(Uint8Array.from(pixels.flat()), { raw: { width, height, channels } }).toColourspace(
    channels === 1 ? 'b-w' : 'srgb',
  );
};
const photograph = drawn((i) => (isObject(i) ? [255, 90, 90] : [0, 90, 90]));
let count = 0;

/** Two folders of images and masks by their names. */
function folders(images: Readonly<Record<string, Uint8Array>>, masks: Readonly<Record<string, Uint8Array>>) {
  const paths = { images: join(folder, `images-${count}`), masks: join(folder, `masks-${count++}`) };
  for (const [path, files] of [
    [paths.images, images],
    [paths.masks, masks],
  ] as const) {
    mkdirSync(path);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  }
  return paths;
}

async function evaluated(mask: Uint8Array, options: Partial<EvaluateOptions> = {}) {
  const paths = folders({ 'a.png': await photograph.clone().png().toBuffer() }, { 'a.png': mask });
  return evaluate({ model, threads: 1, ...paths, ...options });
}

const all = WIDTH * HEIGHT;
const right = { tp: OBJECT, fp: 0, fn: 0, tn: all - OBJECT };
const labelled = (i: number) => (isObject(i) ? 1 : isRing(i) ? 255 : 0);

describe('the truth of one object, as data sets store it, is found', () => {
  const VOC = [0, 0, 0, 128, 0, 0, ...Array<number>(253 * 3).fill(0), 224, 224, 192];
  const cases: [string, () => Promise<Uint8Array>, Partial<EvaluateOptions>, object, number][] = [
    [
      'black and white',
      () =>
        drawn((i) => [isObject(i) ? 255 : 0])
          .png()
          .toBuffer(),
      {},
      { ignored: 0 },
      0,
    ],
    [
      'labels',
      () =>
        drawn((i) => [labelled(i)])
          .png()
          .toBuffer(),
      { truthLabel: 1 },
      { label: 1, masks: 1, ignored: 0 },
      0,
    ],
    [
      'labels with a void',
      () =>
        drawn((i) => [labelled(i)])
          .png()
          .toBuffer(),
      { truthLabel: 1, ignoreLabel: 255 },
      { label: 1, ignoreLabel: 255, masks: 1, ignored: RING },
      RING,
    ],
    [
      'the palette of Pascal VOC',
      async () =>
        indexedPng(
          WIDTH,
          Array.from({ length: all }, (_, i) => labelled(i)),
          VOC,
        ),
      { truthLabel: 1, ignoreLabel: 255 },
      { label: 1, ignoreLabel: 255, masks: 1, ignored: RING },
      RING,
    ],
    [
      'green on black',
      () =>
        drawn((i) => (isObject(i) ? [0, 255, 0] : [0, 0, 0]))
          .png()
          .toBuffer(),
      { truthColour: [0, 255, 0] },
      { colour: [0, 255, 0], masks: 1, ignored: 0 },
      0,
    ],
  ];
  it.each(cases)('%s', async (_, mask, options, truth, ignored) => {
    const report = await evaluated(await mask(), options);
    expect(report).toMatchObject({ truth, dsc: 1, warnings: [], failures: [] });
    expect(report.confusion).toEqual({ ...right, tn: right.tn - ignored });
  });
});

it('the command line names values, flags and warnings, and writes how truth was read', async () => {
  const masks = {
    'a.png': await drawn((i) => [isObject(i) ? 5 : 0])
      .png()
      .toBuffer(),
  };
  const paths = folders({ 'a.png': await photograph.clone().png().toBuffer() }, masks);
  const args = ['eval', model, '--images', paths.images, '--masks', paths.masks];
  const bare = nmode(...args);
  expect(bare).toMatchObject({ status: 3, stdout: '' });
  expect(bare.stderr).toBe(
    'nmode: a.png: it holds the values 0 and 5, expected a mask of 0 and 255 (8 bits): --truth-label N says which is foreground, --ignore-label N which does not count\n',
  );
  const report = join(folder, 'report.html');
  const told = nmode(...args, '--truth-label', '5', '--ignore-label', '9', '--report', report);
  expect(told.status).toBe(0);
  expect(told.stdout).toMatch(/^truth +label 5, in 1 mask; 0 pixels of label 9 not counted$/m);
  expect(told.stderr).toBe('warning: --ignore-label 9: no mask holds it, they hold 0 and 5\n');
  expect(readFileSync(report, 'utf8')).toMatch(/label 5, in 1 mask.*To be checked.*`ignoreLabel: 9`/s);
  const wrong = nmode(...args, '--truth-label', '6', '--json');
  expect(wrong.stderr).toBe('warning: --truth-label 6: no mask holds it, they hold 0 and 5\n');
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    truth: { label: 6, masks: 0, ignored: 0 },
    warnings: ['--truth-label 6: no mask holds it, they hold 0 and 5'],
  });
  for (const flags of [
    ['--truth-label', '70000'],
    ['--truth-colour', '1,2'],
    ['--truth-label', '5', '--ignore-label', '5'],
  ]) {
    expect(nmode(...args, ...flags)).toMatchObject({ status: 2, stdout: '' });
  }
});

describe('what EXIF turns', () => {
  const mask = (orientation?: number) => {
    const image = drawn((i) => [isObject(i) ? 255 : 0]);
    return (orientation === undefined ? image : image.withMetadata({ orientation })).png().toBuffer();
  };
  const image = (orientation: number) => photograph.clone().withMetadata({ orientation }).png().toBuffer();

  it('an image and its mask that are turned alike, or the mask drawn on the upright image, agree', async () => {
    const upright = await sharp(await mask())
      .rotate(90)
      .png()
      .toBuffer();
    for (const truth of [await mask(6), upright]) {
      const paths = folders({ 'a.png': await image(6) }, { 'a.png': truth });
      expect(await evaluate({ model, threads: 1, ...paths })).toMatchObject({
        confusion: right,
        warnings: [],
      });
    }
  });

  it('where one of the two is turned, that is said, and what to do', async () => {
    const good = { 'd.png': await mask(1) };
    const paths = folders(
      { ...good, 'a.png': await image(6), 'b.png': await image(1), 'c.png': await image(1) },
      {
        ...good,
        'a.png': await mask(),
        'b.png': await mask(8),
        'c.png': await sharp(await mask())
          .resize(24, 16)
          .png()
          .toBuffer(),
      },
    );
    const run = nmode('eval', model, '--images', paths.images, '--masks', paths.masks);
    expect(run.status).toBe(3);
    const turned = 'one of the two is turned and the other is not, save the mask as its image is';
    expect(run.stderr.trim().split('\n')).toEqual([
      `nmode: a.png: it is 32x48 after its EXIF orientation 6, its mask 48x32: ${turned} turned`,
      `nmode: b.png: it is 48x32, its mask 32x48 after its EXIF orientation 8: ${turned} stored`,
      "nmode: c.png: it is 48x32, its mask 24x16: expected a mask of the image's size, resize it without blending",
      'nmode: 3 of 4 files were not counted',
    ]);
  });

  it('where their sizes do not tell, a warning does', async () => {
    const paths = folders({ 'a.png': await image(3) }, { 'a.png': await mask() });
    const { warnings, images } = await evaluate({ model, threads: 1, ...paths });
    expect(images).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/^a\.png: EXIF turns image and mask differently/)]);
  });
});
