import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { Segmenter, Session } from '../../../src/web.js';
import { FOLDERS, inBrowser } from '../../support/browser.js';
import { type Host, launch, serve } from '../../support/chromium.js';
import { exported, fixture } from '../../support/fixtures.js';

declare global {
  /** In the page. */
  var segmenter: Segmenter;
  var session: Session;
  /** In the order in which they were started. */
  var workers: Worker[];
}

const files = new Map<string, Uint8Array>();
let browser: Browser;
let host: Host;
let page: Page;

beforeAll(async () => {
  if (inBrowser !== describe) return;
  const size = { batch: 1, height: 64, width: 64 };
  const checkpoint = fixture('trained', 'unet-eed-w16-isic2018.pth');
  files.set('/model.onnx', await exported(checkpoint, { decoder: 'eed', activation: 'gelu', size }));
  [browser, host] = await Promise.all([launch(), serve({ folders: FOLDERS, files })]);
  page = await browser.newPage();
  await page.addInitScript(() => {
    globalThis.workers = [];
    globalThis.Worker = class extends Worker {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        workers.push(this);
      }
    };
  });
  await page.goto(host.url);
  await page.evaluate(async () => {
    const { Segmenter, createSession } = await import('/web/index.js');
    const bytes = new Uint8Array(await (await fetch('/model.onnx')).arrayBuffer());
    const loading = Segmenter.load(bytes, { providers: ['wasm'] });
    // It is copied: loading goes on.
    bytes.fill(0);
    globalThis.segmenter = await loading;
    const again = await (await fetch('/model.onnx')).arrayBuffer();
    globalThis.session = await createSession(new Uint8Array(again), { providers: ['wasm'] });
  });
});

afterAll(async () => {
  await Promise.all([browser?.close(), host?.close()]);
});

inBrowser('calls in a page', () => {
  it('take what they are given before they return, and refuse what was given away', async () => {
    const found = await page.evaluate(async () => {
      const dims = [1, 3, 64, 64];
      const noise = () => Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => (i * 7919) % 256);
      const expected = await session.run({ input: { dims, data: noise() } });
      const data = noise();
      const copied = [1, 2].map(() => session.run({ input: { dims, data } }));
      data.fill(0);
      const given = noise();
      const taken = session.run({ input: { dims, data: given } }, { transfer: true });
      const again = session.run({ input: { dims, data: given } }, { transfer: true });
      const [a, b, c] = await Promise.all([...copied, taken]);
      const same = [a, b, c].map((each) =>
        each?.mask?.data.every((value, i) => value === expected.mask?.data[i]),
      );
      const refused = await again.catch((error: { code: string }) => error.code);
      return { same, refused, left: given.length };
    });
    expect(found).toEqual({ same: [true, true, true], refused: 'BAD_USAGE', left: 0 });
  });

  it('of images take bytes, pixels and what a canvas shows before they return', async () => {
    const found = await page.evaluate(async () => {
      const side = 64;
      const canvas = new OffscreenCanvas(side, side);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (context === null) throw new Error('no canvas');
      context.fillStyle = '#c0a090';
      context.fillRect(0, 0, side, side);
      context.fillStyle = '#402010';
      context.fillRect(16, 16, 32, 32);
      const file = await (await canvas.convertToBlob()).arrayBuffer();
      const shown = context.getImageData(0, 0, side, side);
      const rgb = Uint8Array.from(
        { length: 3 * side * side },
        (_, i) => shown.data[Math.floor(i / 3) * 4 + (i % 3)] ?? 0,
      );
      const pixels = { width: side, height: side, channels: 3 as const, data: rgb };
      const { mask } = await segmenter.segment(file.slice(0));
      const bytes = new Uint8Array(file.slice(0));
      const bitmap = await createImageBitmap(canvas);
      const results = [file, bytes, pixels, shown, bitmap, canvas].map((source) => segmenter.segment(source));
      for (const each of [new Uint8Array(file), bytes, rgb, shown.data]) each.fill(0);
      bitmap.close();
      context.clearRect(0, 0, side, side);
      const same = (await Promise.all(results)).map((each) =>
        each.mask.data.every((value, i) => value === mask.data[i]),
      );
      structuredClone([file, rgb, shown], { transfer: [file, rgb.buffer, shown.data.buffer] });
      const codes = [];
      for (const source of [file, pixels, shown, bitmap]) {
        codes.push(await segmenter.segment(source).catch((error: { code: string }) => error.code));
      }
      return { same, codes };
    });
    expect(found).toEqual({ same: Array(6).fill(true), codes: Array(4).fill('BAD_USAGE') });
  });

  it('that the worker of images had fail when it is lost, and the next is done by another', async () => {
    const found = await page.evaluate(async () => {
      const photograph = '/fixtures/images/ISIC_0014077.jpg';
      const pixels = new ImageData(64, 64);
      // The segmenter's session and its images, and the session. What none of them can read ends it.
      const [, images] = workers;
      const had = segmenter.segment(pixels).catch((error: Error) => error.message);
      images?.postMessage(null);
      const message = await had;
      const { width } = await segmenter.segment(photograph);
      return { message, width, alive: segmenter.alive, workers: workers.length };
    });
    expect(found).toEqual({
      message: expect.stringMatching(/^a worker of the segmenter was lost: .*a call could not be read$/),
      width: 512,
      alive: true,
      workers: 4,
    });
  });

  it('of a session fail at once when its worker is lost, and it can be closed', async () => {
    const found = await page.evaluate(async () => {
      const [, , worker] = workers;
      const data = new Float32Array(3 * 64 * 64);
      const run = () => session.run({ input: { dims: [1, 3, 64, 64], data } });
      worker?.postMessage(null);
      const failed = await Promise.allSettled([run(), run()]);
      const later = await Promise.allSettled([run()]);
      const { alive } = session;
      await Promise.all([session.close(), segmenter.close()]);
      return {
        alive,
        failed: [...failed, ...later].map((each) => each.status === 'rejected' && each.reason.message),
      };
    });
    const lost = expect.stringMatching(/^a worker of the session was lost: .*a call could not be read$/);
    expect(found).toEqual({ alive: false, failed: [lost, lost, lost] });
  });
});
