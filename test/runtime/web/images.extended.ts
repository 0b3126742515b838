import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { Sharp } from 'sharp';
import { readImage } from '../../../runtime/node/images/files.js';
import type { Segmenter } from '../../../src/web.js';
import { FOLDERS, inBrowser } from '../../support/browser.js';
import { type Host, launch, serve } from '../../support/chromium.js';
import { exif, HARMFUL, HARMLESS, picture, TURNED } from '../../support/image-files.js';
import { TINY } from '../../support/tiny-models.js';

declare global {
  var reader: Segmenter;
}

const files = new Map<string, Uint8Array>();
let browser: Browser;
let host: Host;
let page: Page;

beforeAll(async () => {
  if (inBrowser !== describe) return;
  files.set('/sound.onnx', TINY.sound());
  files.set('/nan.onnx', TINY.nan());
  browser = await launch({ webgpu: false });
  host = await serve({ folders: FOLDERS, files });
  page = await browser.newPage();
  await page.goto(host.url);
  await page.evaluate(async () => {
    const { Segmenter: Loaded } = await import('/web/index.js');
    globalThis.reader = await Loaded.load('/sound.onnx', { providers: ['wasm'] });
  });
});

afterAll(async () => {
  await Promise.all([browser?.close(), host?.close()]);
});

interface Read {
  readonly width: number;
  readonly height: number;
  readonly data: number[];
  readonly warnings: readonly string[];
}

/** What the page's segmenter reads of a file. */
async function readInPage(bytes: Uint8Array, name = '/image'): Promise<Read | { readonly message: string }> {
  files.set(name, bytes);
  return page.evaluate(async (path) => {
    try {
      const { width, height, image, warnings } = await reader.segment(path, { pixels: true });
      return { width, height, data: Array.from(image?.data ?? []), warnings };
    } catch (error) {
      return { message: (error as Error).message };
    }
  }, name);
}

/** The same as Node reads it; with `by`, up to this difference of a sample. */
async function expectNodes(bytes: Uint8Array, by = 0): Promise<void> {
  const [found, expected] = [await readInPage(bytes), await readImage(bytes)];
  const { width, height, warnings = [] } = expected;
  expect(found).toMatchObject({ width, height, warnings });
  const data = 'data' in found ? found.data : [];
  const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected.data[i] ?? 0))), 0);
  expect(data).toHaveLength(expected.data.length);
  expect(worst).toBeLessThanOrEqual(by);
}

inBrowser('a page reads images as Node does', () => {
  it.each(Object.entries(TURNED))('%s of all orientations', async (_, make) => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      await expectNodes(await make(exif(orientation, { little: orientation % 2 === 0 })));
    }
  });

  it.each(HARMLESS)('passing over %s', async (_, __, make) => {
    await expectNodes(await make());
  });

  it.each<[string, number, () => Sharp]>([
    ['a grey JPEG', 0, () => picture().greyscale().jpeg()],
    ['a JPEG of full colour', 0, () => picture().jpeg({ chromaSubsampling: '4:4:4' })],
    ['a grey PNG with opacity', 0, () => picture(4).toColourspace('b-w').png()],
    ['a PNG with a palette', 0, () => picture().png({ palette: true })],
    ['a PNG with a palette and opacity', 0, () => picture(4).png({ palette: true })],
    ['an interlaced PNG', 0, () => picture().png({ progressive: true })],
    ['an interlaced PNG with opacity', 0, () => picture(4).png({ progressive: true })],
    ['a PNG of 16 bits with opacity', 0, () => picture(4).toColourspace('rgb16').png()],
    ['a lossy WebP with opacity', 0, () => picture(4).webp()],
    ['a JPEG with a colour profile', 2, () => picture().withIccProfile('p3').jpeg({ quality: 95 })],
    ['a PNG with a colour profile', 2, () => picture().withIccProfile('p3').png()],
    ['a WebP with a colour profile', 2, () => picture().withIccProfile('p3').webp({ lossless: true })],
  ])('%s', async (_, by, make) => {
    await expectNodes(await make().toBuffer(), by);
  });
});

inBrowser('a page refuses what Node refuses', () => {
  it.each(HARMFUL)('%s', async (_, make) => {
    expect(await readInPage(await make())).toEqual({
      message: expect.stringMatching(/^image: cannot be read as an image: /),
    });
  });

  it.each<[string, () => Sharp]>([
    ['GIF', () => picture().gif()],
    ['AVIF', () => picture().avif()],
  ])('%s', async (_, make) => {
    expect(await readInPage(await make().toBuffer())).toEqual({
      message: expect.stringMatching(/expected JPEG, PNG or WebP$/),
    });
  });

  it('and CMYK, which browsers convert each in its own way', async () => {
    const ink = await picture().toColourspace('cmyk').jpeg().toBuffer();
    expect(await readInPage(ink)).toEqual({
      message: expect.stringMatching(/CMYK each in its own way: convert it to RGB$/),
    });
  });
});

inBrowser('many images in a page', () => {
  it('one for which the model gives NaN, and one that is none, cost themselves only', async () => {
    const flat = (level: number) => picture().linear(0, level).png().toBuffer();
    for (const [name, bytes] of [
      ['/a.png', await flat(99)],
      ['/black.png', await flat(0)],
      ['/text.png', Buffer.from('text')],
      ['/b.png', await flat(99)],
    ] as const)
      files.set(name, bytes);
    const found = await page.evaluate(async () => {
      const { Segmenter: Loaded } = await import('/web/index.js');
      const recipe = { normalization: { kind: 'unit' } } as const;
      const segmenter = await Loaded.load('/nan.onnx', { providers: ['wasm'], recipe });
      const told: string[] = [];
      for await (const result of segmenter.segmentAll(['/a.png', '/black.png', '/text.png', '/b.png'])) {
        told.push('error' in result ? `${result.error.code} ${result.error.message}` : 'done');
      }
      await segmenter.close();
      return told;
    });
    expect(found).toEqual([
      'done',
      'BAD_MODEL black.png: the model gives NaN, expected probabilities from 0 to 1',
      'BAD_IMAGE text.png: cannot be read as an image: expected JPEG, PNG or WebP',
      'done',
    ]);
  });
});
