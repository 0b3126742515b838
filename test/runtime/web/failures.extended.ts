import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import type { ImageSource, ModelSource, SegmenterOptions } from '../../../src/web.js';
import { FOLDERS, inBrowser } from '../../support/browser.js';
import { type Host, ISOLATION, launch, serve } from '../../support/chromium.js';
import { exported, fixture } from '../../support/fixtures.js';

/** Made by the tests and fetched by the page. */
const files = new Map<string, Uint8Array>();
const opened: { close(): Promise<void> }[] = [];
let browser: Browser;

async function pageOf(headers: Readonly<Record<string, string>>, from: Browser = browser): Promise<Page> {
  const host: Host = await serve({ folders: FOLDERS, files, headers });
  opened.push(host);
  const page = await from.newPage();
  await page.goto(host.url);
  return page;
}

beforeAll(async () => {
  if (inBrowser !== describe) return;
  browser = await launch();
  opened.push(browser);
  const checkpoint = fixture('trained', 'unet-eed-w16-isic2018.pth');
  const size = { batch: 1, height: 64, width: 64 };
  const model = await exported(checkpoint, { decoder: 'eed', activation: 'gelu', size });
  files.set('/model.onnx', model);
  files.set('/half.onnx', model.subarray(0, model.length / 2));
  // A node asks for what no node gives.
  const wrong = Buffer.from(model);
  wrong.write('Conw', wrong.indexOf('Conv'));
  files.set('/wrong.onnx', wrong);
});

afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
});

/** What loading a model, and segmenting an image where one is given, fails with. */
function failure(page: Page, model: string, options: SegmenterOptions, image?: string) {
  return page.evaluate(
    async ([from, given, path]) => {
      const { NmodeError, Segmenter } = await import('/web/index.js');
      try {
        const segmenter = await Segmenter.load(from, given);
        if (path !== undefined) await segmenter.segment(path);
        const { threads } = segmenter.threads;
        const { effective, attempts } = segmenter.provider;
        return { effective, attempts, threads };
      } catch (error) {
        if (!(error instanceof NmodeError)) return { message: String(error) };
        return { code: error.code, message: error.message };
      }
    },
    [model, options, image] as const,
  );
}

inBrowser('what can go wrong in a page', () => {
  let page: Page;
  beforeAll(async () => {
    page = await pageOf(ISOLATION);
  });

  it.each([
    ['is not there', '/nowhere.onnx', 'BAD_MODEL', /^nowhere\.onnx: cannot be fetched: the server says 404/],
    ['is a web page', '/', 'BAD_MODEL', /the server has a web page there, not a file$/],
    ['is cut short', '/half.onnx', 'BAD_MODEL', /^half\.onnx: truncated: at least \d+ bytes are missing/],
    ['is damaged', '/wrong.onnx', 'CANNOT_RUN', /^wasm: onnxruntime: Invalid model\. Node input/],
    ['is not a URL', 'http://', 'BAD_USAGE', /^'http:\/\/' is not a URL$/],
  ])('a model that %s', async (_, model, code, says) => {
    expect(await failure(page, model, { providers: ['wasm'] })).toEqual({
      code,
      message: expect.stringMatching(says),
    });
  });

  it.each([
    [
      'is not there',
      'nowhere.png',
      async () => undefined,
      /^nowhere\.png: cannot be fetched: the server says 404/,
    ],
    [
      'is cut short',
      'cut.jpg',
      async () => (await sharp(fixture('images', 'ISIC_0014077.jpg')).toBuffer()).subarray(0, 5000),
      /^cut\.jpg: cannot be read as an image: it is truncated$/,
    ],
    [
      'is damaged',
      'damaged.png',
      async () => {
        const png = await sharp(fixture('images', 'ISIC_0014077.jpg')).png().toBuffer();
        return png.fill(0, 200, 400);
      },
      /^damaged\.png: cannot be read as an image: /,
    ],
    ['is text', 'text.png', async () => Buffer.from('text'), /expected JPEG, PNG or WebP$/],
    [
      'has 100 megapixels',
      'large.png',
      () =>
        sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: 'red' } })
          .png()
          .toBuffer(),
      /^large\.png: cannot be read as an image: it has 100 megapixels, more than the 50 that fit into a tab/,
    ],
  ])('an image that %s', async (_, name, make, says) => {
    const bytes = await make();
    if (bytes !== undefined) files.set(`/${name}`, bytes);
    const found = await failure(page, '/model.onnx', { providers: ['wasm'] }, `/${name}`);
    expect(found).toEqual({ code: 'BAD_IMAGE', message: expect.stringMatching(says) });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['a model of numbers', 5, 'BAD_USAGE', /^expected the URL of a model/],
    ['an image of numbers', '/model.onnx', 'BAD_USAGE', /^expected an image: its URL/],
  ])('%s', async (_, model, code, says) => {
    const found = await failure(page, model as string, { providers: ['wasm'] }, 7 as unknown as string);
    expect(found).toEqual({ code, message: expect.stringMatching(says) });
  });

  it('a provider that is none', async () => {
    const options = { providers: ['cuda'] } as unknown as SegmenterOptions;
    expect(await failure(page, '/model.onnx', options)).toEqual({
      code: 'BAD_USAGE',
      message: "provider 'cuda' is unknown: choose webgpu, wasm or auto",
    });
  });

  it("'auto' among others", async () => {
    const options = { providers: ['webgpu', 'auto'] } as unknown as SegmenterOptions;
    expect(await failure(page, '/model.onnx', options)).toMatchObject({
      message: "provider 'auto' stands alone, not in a list",
    });
  });

  it('a folder without the worker', async () => {
    expect(await failure(page, '/model.onnx', { assets: '/nowhere/' })).toEqual({
      code: 'CANNOT_RUN',
      message: expect.stringMatching(/a worker did not start: is worker\.js served/),
    });
  });

  it('an abort rejects with its reason, before, while and after a model loads; the page goes on', async () => {
    const reasons = await page.evaluate(async () => {
      const { Segmenter } = await import('/web/index.js');
      const why = (work: Promise<unknown>) => work.then(String, (error: unknown) => (error as Error).message);
      const source: ModelSource = '/model.onnx';
      const before = await why(Segmenter.load(source, { signal: AbortSignal.abort(new Error('at once')) }));
      const loading = new AbortController();
      const during = why(
        Segmenter.load(source, {
          providers: ['wasm'],
          signal: loading.signal,
          onProgress: () => loading.abort(new Error('meanwhile')),
        }),
      );
      const segmenter = await Segmenter.load(source, { providers: ['wasm'] });
      const image: ImageSource = '/fixtures/images/ISIC_0014077.jpg';
      const running = new AbortController();
      const after = why(segmenter.segment(image, { signal: running.signal }));
      running.abort(new Error('enough'));
      const { width } = await segmenter.segment(image);
      await segmenter.close();
      const closed = await why(segmenter.segment(image));
      return [before, await during, await after, width, closed];
    });
    expect(reasons).toEqual(['at once', 'meanwhile', 'enough', 512, 'the segmenter is closed']);
  });
});

inBrowser('what a page or a browser does not allow', () => {
  it('without cross-origin isolation there is one thread', async () => {
    const page = await pageOf({});
    const found = await failure(page, '/model.onnx', { providers: ['wasm'], threads: 2 });
    expect(found).toEqual({ effective: 'wasm', attempts: [], threads: 1 });
  });

  it('a policy without WebAssembly is named', async () => {
    const page = await pageOf({ ...ISOLATION, 'content-security-policy': "script-src 'self'" });
    expect(await failure(page, '/model.onnx', {})).toEqual({
      code: 'CANNOT_RUN',
      message: expect.stringMatching(
        /^webgpu: the page may not run WebAssembly: the script-src of its content security policy needs 'wasm-unsafe-eval'.*; wasm: the page may not/,
      ),
    });
  });

  it('without a graphics card, WebAssembly runs and the report says why', async () => {
    const plain = await launch({ webgpu: false });
    opened.push(plain);
    const page = await pageOf(ISOLATION, plain);
    expect(await failure(page, '/model.onnx', { providers: ['webgpu'] })).toMatchObject({
      effective: 'wasm',
      attempts: [{ provider: 'webgpu', error: 'this browser finds no graphics card that it trusts' }],
    });
    expect(await failure(page, '/model.onnx', { providers: ['webgpu'], strict: true })).toEqual({
      code: 'CANNOT_RUN',
      message: 'webgpu: this browser finds no graphics card that it trusts',
    });
  });
});
