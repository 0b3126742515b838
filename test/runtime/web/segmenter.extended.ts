import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import { readReference } from '../../../exporters/checkpoints/open.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import type { Mask } from '../../../runtime/common/raster.js';
import { confusionOf, diceOf } from '../../../runtime/masks/metrics.js';
import { readImage } from '../../../runtime/node/images/files.js';
import { Segmenter as NodeSegmenter } from '../../../runtime/node/segmenter.js';
import type { LoadProgress, Segmenter } from '../../../src/web.js';
import { FOLDERS, inBrowser } from '../../support/browser.js';
import { complaintsOf, type Host, launch, serve } from '../../support/chromium.js';
import { exported, fixture } from '../../support/fixtures.js';
import { nativeSize } from '../../support/native-size.js';

const TRAINED = 'unet-eed-w16-isic2018';
const PHOTOGRAPH = 'ISIC_0014077.jpg';

const photograph = () => sharp(fixture('images', PHOTOGRAPH));

function trained(side: number): Promise<Uint8Array> {
  const size = { batch: 1, height: side, width: side };
  return exported(fixture('trained', `${TRAINED}.pth`), { decoder: 'eed', activation: 'gelu', size });
}

declare global {
  /** In the page: on WebAssembly, with the network at 256 x 256. */
  var segmenter: Segmenter;
}

/** Made by the tests and fetched by the page. */
const files = new Map<string, Uint8Array | string>();
let browser: Browser;
let host: Host;
let page: Page;
let complaints: readonly string[];
let node: NodeSegmenter;

beforeAll(async () => {
  if (inBrowser !== describe) return;
  const model = await trained(256);
  files.set('/model.onnx', model);
  files.set('/small.onnx', await trained(128));
  [browser, host, node] = await Promise.all([
    launch(),
    serve({ folders: FOLDERS, files }),
    NodeSegmenter.load(model),
  ]);
  page = await browser.newPage();
  complaints = complaintsOf(page);
  await page.goto(host.url);
});

afterAll(async () => {
  await Promise.all([browser?.close(), host?.close(), node?.close()]);
});

const dice = (a: Mask, b: Mask) => diceOf(confusionOf(a, b));

/** A mask that came out of the page, which gives bytes as text. */
const fromPage = ({ text, ...mask }: { text: string; width: number; height: number }): Mask => ({
  ...mask,
  channels: 1,
  data: Uint8Array.from(Buffer.from(text, 'latin1')),
});

/** The mask that the page makes of what is served at a path. */
async function maskOf(path: string): Promise<Mask> {
  return fromPage(
    await page.evaluate(async (source) => {
      const { mask } = await segmenter.segment(source);
      return { text: new TextDecoder('latin1').decode(mask.data), width: mask.width, height: mask.height };
    }, path),
  );
}

inBrowser('the segmenter in Chromium', () => {
  it.each([
    ['wasm', 1e-5],
    ['webgpu', 1e-4],
  ] as const)(
    "on %s the trained network's probabilities are PyTorch's to %d",
    async (provider, tolerance) => {
      const reference = await readReference(fixture('trained', `${TRAINED}.io.safetensors`));
      const [input, output] = ['input', 'output'].map((name) => {
        const tensor = reference.get(name);
        if (tensor === undefined) throw new Error(`no ${name}`);
        return float32Values(tensor);
      });
      files.set('/input', new Uint8Array(input?.slice(0, 3 * 256 * 256).buffer ?? []));
      const { found, effective } = await page.evaluate(async (name) => {
        const { createSession } = await import('/web/index.js');
        const fetched = async (path: string) => (await fetch(path)).arrayBuffer();
        const model = new Uint8Array(await fetched('/model.onnx'));
        const session = await createSession(model, { providers: [name], strict: true, check: false });
        const data = new Float32Array(await fetched('/input'));
        const { mask } = await session.run({ input: { dims: [1, 3, 256, 256], data } }, { type: 'float32' });
        await session.close();
        return { found: Array.from(mask?.data ?? []), effective: session.provider.effective };
      }, provider);
      expect(effective).toBe(provider);
      expect(found).toHaveLength(256 * 256);
      const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - (output?.[i] ?? 0))), 0);
      expect(worst).toBeLessThanOrEqual(tolerance);
    },
  );

  it("on WebGPU, checked against WebAssembly, the mask of a photograph is Node's", async () => {
    const { provider, mask } = await page.evaluate(async (path) => {
      const { Segmenter } = await import('/web/index.js');
      const onWebGpu = await Segmenter.load('/small.onnx', { providers: ['webgpu'] });
      const { mask: found } = await onWebGpu.segment(path);
      await onWebGpu.close();
      const { width, height, data } = found;
      return {
        provider: onWebGpu.provider,
        mask: { text: new TextDecoder('latin1').decode(data), width, height },
      };
    }, `/fixtures/images/${PHOTOGRAPH}`);
    expect(provider).toMatchObject({ effective: 'webgpu', attempts: [], check: { tolerance: 1e-4 } });
    expect(provider.check?.maxDifference).toBeLessThanOrEqual(1e-4);
    await using small = await NodeSegmenter.load(await trained(128));
    const expected = await small.segment(fixture('images', PHOTOGRAPH));
    expect(dice(fromPage(mask), expected.mask)).toBeGreaterThanOrEqual(0.999);
  });

  it('large images run in tiles, of which the metadata tell whether they change masks', async () => {
    files.set('/near.onnx', nativeSize('near'));
    files.set('/whole.onnx', nativeSize('whole'));
    const tilings = await page.evaluate(async (photo) => {
      const { Segmenter } = await import('/web/index.js');
      const found = [];
      for (const model of ['/near.onnx', '/whole.onnx']) {
        const own = await Segmenter.load(model, { providers: ['wasm'], memoryBudget: 25e6 });
        found.push((await own.segment(photo, { probabilities: false })).tiling);
        await own.close();
      }
      return found;
    }, `/fixtures/images/${PHOTOGRAPH}`);
    const cut = { tiles: 4, width: 368, height: 368, wholeBudget: expect.any(Number) };
    expect(tilings).toEqual([cut, { ...cut, approximate: 'the network looks at the whole image' }]);
  });

  it('automatically, a graphics card that is a program is passed over; loading tells how far it is', async () => {
    const { told, report, threads } = await page.evaluate(async () => {
      const { Segmenter } = await import('/web/index.js');
      const events: LoadProgress[] = [];
      const onProgress = (event: LoadProgress) => events.push(event);
      globalThis.segmenter = await Segmenter.load('/model.onnx', { onProgress });
      return { told: events, report: segmenter.provider, threads: segmenter.threads };
    });
    expect(report).toEqual({
      requested: ['auto'],
      effective: 'wasm',
      attempts: [{ provider: 'webgpu', error: 'the graphics card is a program, slower than the CPU' }],
    });
    expect(threads).toEqual({ threads: expect.any(Number), workers: 1 });
    expect(threads.threads).toBeGreaterThan(1);
    const kinds = told.flatMap((event) =>
      event.kind === 'download' ? [] : [`${event.kind} ${event.provider}`],
    );
    expect(kinds).toEqual(['try webgpu', 'refuse webgpu', 'try wasm', 'open wasm', 'ready wasm']);
    for (const file of ['model', 'onnxruntime']) {
      const last = told.findLast((event) => event.kind === 'download' && event.file === file);
      expect(last).toMatchObject({ kind: 'download', file });
      if (last?.kind === 'download') expect(last.loaded).toBe(last.total);
    }
  });

  it('the work happens in workers: the page itself runs no WebAssembly, and its timers come in time', async () => {
    const { ticks, milliseconds } = await page.evaluate(async (path) => {
      const { Segmenter } = await import('/web/index.js');
      const refuse = () => {
        throw new Error('the page itself compiles WebAssembly');
      };
      const { Module, compile, instantiate } = WebAssembly;
      Object.assign(WebAssembly, { Module: refuse, compile: refuse, instantiate: refuse });
      let count = 0;
      const timer = setInterval(() => count++, 5);
      const start = performance.now();
      const other = await Segmenter.load('/model.onnx', { providers: ['wasm'] });
      for (let i = 0; i < 5; i++) await other.segment(path);
      await other.close();
      clearInterval(timer);
      Object.assign(WebAssembly, { Module, compile, instantiate });
      return { ticks: count, milliseconds: performance.now() - start };
    }, `/fixtures/images/${PHOTOGRAPH}`);
    // A page that is stopped during a run would see a tick a run.
    expect(ticks).toBeGreaterThan(milliseconds / 50);
  });
});

inBrowser('images in Chromium', () => {
  it.each<[string, number, (image: Sharp) => Sharp]>([
    ['a JPEG', 0.999, (image) => image],
    ['a WebP', 0.999, (image) => image.webp()],
    ['a PNG', 0.9999, (image) => image.png()],
    ['a grey PNG', 0.9999, (image) => image.greyscale().png()],
    ['a PNG with a palette', 0.9999, (image) => image.png({ palette: true })],
    ['a PNG of 16 bits', 0.9999, (image) => image.toColourspace('rgb16').png()],
    ['a PNG with a colour profile', 0.999, (image) => image.withIccProfile('p3').png()],
  ])("the mask of %s is Node's: DSC at least %d", async (name, least, encode) => {
    const bytes = await encode(photograph()).toBuffer();
    files.set(`/${name}`, bytes);
    const { mask } = await node.segment(bytes);
    expect(dice(await maskOf(`/${name}`), mask)).toBeGreaterThanOrEqual(least);
  });

  it('a gamma of its own changes nothing, as in Node', async () => {
    const png = await photograph().resize(64, 64).png().toBuffer();
    // A gAMA chunk of 1.0, with its CRC, before the first image data (PNG specification, 11.3.3.2).
    const gamma = Buffer.from('0000000467414d41000186a031e8965f', 'hex');
    const at = png.indexOf('IDAT') - 4;
    const bytes = Buffer.concat([png.subarray(0, at), gamma, png.subarray(at)]);
    files.set('/gamma.png', bytes);
    const found = await page.evaluate(async () => {
      const { image } = await segmenter.segment('/gamma.png', { pixels: true });
      return Array.from(image?.data ?? []);
    });
    expect(Uint8Array.from(found)).toEqual((await readImage(bytes)).data);
  });

  it.each([2, 3, 6, 8])('a JPEG of EXIF orientation %d comes upright', async (orientation) => {
    const path = `/turned-${orientation}.jpg`;
    const turned = await photograph().resize(96, 64).jpeg().withMetadata({ orientation }).toBuffer();
    files.set(path, turned);
    const { mask } = await node.segment(turned);
    const found = await maskOf(path);
    expect(found).toMatchObject({ width: mask.width, height: mask.height });
    expect(dice(found, mask)).toBeGreaterThanOrEqual(0.999);
  });

  it('the colour of transparent pixels is not lost', async () => {
    const [width, height] = [67, 45];
    const data = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i * 7919 + (i >> 3)) & 255);
    const bytes = await sharp(data, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer();
    files.set('/transparent.png', bytes);
    const found = await page.evaluate(async () => {
      const { image } = await segmenter.segment('/transparent.png', { pixels: true });
      return Array.from(image?.data ?? []);
    });
    expect(Uint8Array.from(found)).toEqual((await readImage(bytes)).data);
  });

  it('one that never comes can be aborted, and the segmenter closed', async () => {
    const said = await page.evaluate(async () => {
      const { Segmenter } = await import('/web/index.js');
      const other = await Segmenter.load('/small.onnx', { providers: ['wasm'] });
      const stop = new AbortController();
      const waiting = other
        .segment('/never', { signal: stop.signal })
        .catch((error: unknown) => String(error));
      setTimeout(() => stop.abort(new Error('enough')), 100);
      const why = await waiting;
      await other.close();
      return why;
    });
    expect(said).toBe('Error: enough');
  });

  it('in a worker of the page, the segmenter works as well', async () => {
    files.set(
      '/own-worker.js',
      `import { Segmenter } from '/web/index.js';
      const segmenter = await Segmenter.load('/small.onnx', { providers: ['wasm'] });
      const canvas = new OffscreenCanvas(40, 30);
      canvas.getContext('2d').fillRect(0, 0, 40, 30);
      const { width, height } = await segmenter.segment(canvas);
      postMessage(width + 'x' + height);`,
    );
    const said = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const worker = new Worker('/own-worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => resolve(message);
        }),
    );
    expect(said).toBe('40x30');
  });

  it('whatever holds an image gives the same mask', async () => {
    const areas = await page.evaluate(async (path) => {
      const blob = await (await fetch(path)).blob();
      const element = new Image();
      element.src = path;
      await element.decode();
      const bitmap = await createImageBitmap(blob);
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      const context = canvas.getContext('2d');
      context?.drawImage(bitmap, 0, 0);
      const pixels = context?.getImageData(0, 0, bitmap.width, bitmap.height);
      if (pixels === undefined) throw new Error('no canvas');
      const rgb = new Uint8Array((3 * pixels.data.length) / 4);
      for (let i = 0; i < rgb.length; i++) rgb[i] = pixels.data[Math.floor(i / 3) * 4 + (i % 3)] ?? 0;
      const { width, height } = bitmap;
      const sources = {
        url: path,
        absolute: new URL(path, location.href),
        blob,
        file: new File([blob], 'photograph.jpg'),
        bytes: new Uint8Array(await blob.arrayBuffer()),
        buffer: await blob.arrayBuffer(),
        bitmap,
        pixels,
        element,
        canvas,
        raw: { width, height, channels: 3 as const, data: rgb },
      };
      const found: Record<string, number> = {};
      for (const [name, source] of Object.entries(sources)) {
        const { components } = await segmenter.segment(source, { components: true });
        found[name] = components?.[0]?.area ?? 0;
      }
      // They stay the caller's.
      return { ...found, kept: bitmap.width + rgb.length };
    }, `/fixtures/images/${PHOTOGRAPH}`);
    const { kept, ...found } = areas as Record<string, number>;
    expect(kept).toBe(512 + 3 * 512 * 512);
    expect(new Set(Object.values(found)).size).toBe(1);
    expect(Object.keys(found)).toHaveLength(11);
  });

  it('says nothing on the console', () => {
    expect(complaints).toEqual([]);
  });
});
