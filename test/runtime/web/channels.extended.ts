import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { Segmenter } from '../../../runtime/node/segmenter.js';
import { FOLDERS, inBrowser } from '../../support/browser.js';
import {
  type ChannelCase,
  channelCase,
  channelCases,
  expectedOf,
  exportCase,
  farthest,
  imageOf,
} from '../../support/channels.js';
import { type Host, launch, serve } from '../../support/chromium.js';
import { fixture } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-web-channels-'));
const files = new Map<string, Uint8Array>();
let browser: Browser;
let host: Host;
let page: Page;

beforeAll(async () => {
  if (inBrowser !== describe) return;
  browser = await launch({ webgpu: false });
  host = await serve({ folders: FOLDERS, files });
  page = await browser.newPage();
  await page.goto(host.url);
});

afterAll(async () => {
  await Promise.all([browser?.close(), host?.close()]);
  rmSync(folder, { recursive: true });
});

/** What a page makes of an image whose channels are in these files. */
function inPage(model: string, images: readonly string[], options: object = {}) {
  return page.evaluate(
    async ([path, sources, more]) => {
      const { Segmenter: Loaded } = await import('/web/index.js');
      const segmenter = await Loaded.load(path, { providers: ['wasm'], ...more });
      try {
        const { mask, probabilities, image } = await segmenter.segment(sources);
        return { mask: Array.from(mask.data), probabilities: Array.from(probabilities?.data ?? []), image };
      } catch (error) {
        return { message: (error as Error).message };
      } finally {
        await segmenter.close();
      }
    },
    [model, images, options] as const,
  );
}

/** The same image for a page: browsers read no TIFF. */
async function forPage(each: ChannelCase): Promise<readonly string[]> {
  const [tiff] = imageOf(each);
  if (!tiff?.endsWith('.tif')) return each.files.map((file) => `/fixtures/channels/${file}`);
  return Promise.all(
    Array.from({ length: each.channels }, async (_, pageOf) => {
      const name = `/${each.name}-${pageOf}.png`;
      files.set(name, await sharp(tiff, { page: pageOf }).toColourspace('b-w').png().toBuffer());
      return name;
    }),
  );
}

inBrowser('an image of any channels', () => {
  const forms = channelCases.flatMap((each) => (['tensor', 'image'] as const).map((io) => ({ ...each, io })));
  it.each(forms)(
    "$name with io $io gives NumPy's probabilities, and Node's mask",
    async ({ io, ...each }) => {
      const deep = each.name === 'nonzero' && io === 'image';
      const model = await exportCase(each, folder, { io, ...(deep && { imageBits: 16 }) });
      files.set('/model.onnx', readFileSync(model));
      const found = await inPage('/model.onnx', await forPage(each));
      if (found.probabilities === undefined) throw new Error(found.message);
      expect(farthest(found.probabilities, expectedOf(each))).toBeLessThanOrEqual(1e-5);
      await using segmenter = await Segmenter.load(model, { threads: 1 });
      const { mask } = await segmenter.segment(imageOf(each));
      expect(found.mask).toEqual([...mask.data]);
      expect(mask.data.includes(255) && mask.data.includes(0)).toBe(true);
    },
  );

  it('that is not what the model takes is refused as in Node', async () => {
    const [grey, pair] = [channelCases[0], channelCases.find(({ channels }) => channels === 2)];
    if (grey === undefined || pair === undefined) throw new Error('a case is gone');
    for (const each of [grey, pair]) {
      const model = await exportCase(each, folder);
      files.set('/model.onnx', readFileSync(model));
      await using segmenter = await Segmenter.load(model, { threads: 1 });
      for (const names of [
        ['percentile.png'],
        ['grey.png', 'window.png'],
        ['grey.png', 'grey.png', 'grey.png'],
      ]) {
        const message = await segmenter.segment(names.map((name) => fixture('channels', name))).then(
          () => 'nothing',
          (error: Error) => error.message,
        );
        const found = await inPage(
          '/model.onnx',
          names.map((name) => `/fixtures/channels/${name}`),
        );
        expect(found).toEqual({ message });
      }
    }
  });

  it('of a PNG with alpha has every sample, where the model takes as many', async () => {
    for (const [file, name] of [
      ['LA.png', 'nonzero'],
      ['RGBA.png', 'pages'],
    ] as const) {
      const model = await exportCase(channelCase(name), folder);
      files.set('/model.onnx', readFileSync(model));
      await using segmenter = await Segmenter.load(model, { threads: 1 });
      const { probabilities } = await segmenter.segment(fixture('samples', file));
      const found = await inPage('/model.onnx', [`/fixtures/samples/${file}`]);
      expect(farthest(found.probabilities ?? [], probabilities?.data ?? [1])).toBeLessThanOrEqual(1e-5);
    }
  });

  it('of colours becomes grey as in Node', async () => {
    const [each] = channelCases;
    if (each === undefined) throw new Error('a case is gone');
    const model = await exportCase(each, folder);
    files.set('/model.onnx', readFileSync(model));
    for (const grey of ['luma', 'red'] as const) {
      await using segmenter = await Segmenter.load(model, { threads: 1, grey });
      const { probabilities } = await segmenter.segment(fixture('channels', 'percentile.png'));
      const found = await inPage('/model.onnx', ['/fixtures/channels/percentile.png'], { grey });
      expect(farthest(found.probabilities ?? [], probabilities?.data ?? [1])).toBeLessThanOrEqual(1e-6);
    }
  });
});
