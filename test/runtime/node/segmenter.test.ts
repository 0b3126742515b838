import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Mask, Probabilities, RgbImage } from '../../../runtime/common/raster.js';
import { confusionOf, diceOf } from '../../../runtime/masks/metrics.js';
import { readImage, readMask } from '../../../runtime/node/images/files.js';
import { Segmenter } from '../../../runtime/node/segmenter.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import type { SegmentOptions } from '../../../runtime/segmentation.js';
import { exported, fixture } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-segmenter-'));
afterAll(() => rmSync(folder, { recursive: true }));

const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
const told = { decoder: 'eed', activation: 'gelu' } as const;
const photograph = fixture('images', 'ISIC_0013106.jpg');
const dice = (a: Mask, b: Mask) => diceOf(confusionOf(a, b));

let segmenter: Segmenter;
beforeAll(async () => {
  segmenter = await Segmenter.load(
    await exported(trained, { ...told, size: { batch: 1, height: 256, width: 256 } }),
  );
});
afterAll(() => segmenter.close());

describe('one image', () => {
  it("a file, its bytes and its pixels give PyTorch's mask, and say what it took", async () => {
    const pytorch = await readMask(fixture('predicted', 'ISIC_0013106.png'));
    for (const source of [photograph, readFileSync(photograph), await readImage(photograph)]) {
      const { mask, masks, width, height, probabilities, timings, provider } =
        await segmenter.segment(source);
      expect(dice(mask, pytorch)).toBe(1);
      expect({ width, height, provider, masks }).toEqual({
        width: 512,
        height: 512,
        provider: 'cpu',
        masks: [mask],
      });
      expect(probabilities).toMatchObject({ classes: 1, width: 512, height: 512 });
      expect(Object.keys(timings)).toEqual([
        'decode',
        'preprocess',
        'queue',
        'inference',
        'postprocess',
        'total',
      ]);
      expect(timings.inference).toBeGreaterThan(0);
    }
  });

  it('the mask is where the probability reaches the threshold', async () => {
    const { mask, probabilities } = await segmenter.segment(photograph, { threshold: 0.9 });
    const cut = Array.from(probabilities?.data ?? [], (value) => (value >= 0.9 ? 255 : 0));
    expect([...mask.data]).toEqual(cut);
  });

  it('gives what is asked for and no more', async () => {
    const bare = await segmenter.segment(photograph, { probabilities: false });
    expect(bare).not.toHaveProperty('probabilities');
    // @ts-expect-error nor do its types have it
    expect(bare.probabilities?.data).toBeUndefined();
    expect(bare).not.toHaveProperty('components');
    const full = await segmenter.segment(photograph, {
      components: true,
      pixels: true,
      largestComponent: true,
    });
    expect(full.components[0]).toMatchObject({ count: 1, largest: [{ area: full.components[0]?.area }] });
    const { image }: { image: RgbImage } = full;
    expect(image).toMatchObject({ width: 512, height: 512, channels: 3 });
    const options: SegmentOptions = {};
    const { probabilities } = await segmenter.segment(photograph, options);
    // @ts-expect-error nobody knows what these options ask for
    expect(probabilities.data).toHaveLength(512 * 512);
  });

  it('pixels stay with who gave them', async () => {
    const pixels = await readImage(photograph);
    await segmenter.segment(pixels);
    expect(pixels.data).toHaveLength(3 * 512 * 512);
  });

  it('a buffer may be filled again as soon as the call has returned', async () => {
    const pixels = await readImage(photograph);
    const file = readFileSync(photograph);
    const { mask } = await segmenter.segment(photograph);
    const data = new Uint8Array(new SharedArrayBuffer(pixels.data.length));
    const found = [{ ...pixels, data: pixels.data.slice() }, { ...pixels, data }, file].map((source) => {
      const memory = source instanceof Uint8Array ? source : source.data;
      if (memory === data) memory.set(pixels.data);
      const segmentation = segmenter.segment(source);
      memory.fill(0);
      return segmentation;
    });
    for (const { mask: other } of await Promise.all(found)) expect(dice(other, mask)).toBe(1);
  });

  it('bytes and pixels whose buffer was transferred are refused at once', async () => {
    const bytes = new Uint8Array(readFileSync(photograph));
    const pixels = { ...(await readImage(photograph)), data: new Uint16Array(3 * 512 * 512) };
    structuredClone([bytes, pixels], { transfer: [bytes.buffer, pixels.data.buffer] });
    for (const source of [bytes, pixels]) {
      await expect(segmenter.segment(source)).rejects.toMatchObject({
        code: 'BAD_USAGE',
        message: expect.stringMatching(/^the (image|pixels): its buffer was transferred/),
      });
    }
    const model = {
      code: 'BAD_USAGE',
      message: expect.stringMatching(/^the model: its buffer was transferred/),
    };
    await expect(Segmenter.load(bytes)).rejects.toMatchObject(model);
    await expect(createSession(bytes)).rejects.toMatchObject(model);
    expect((await segmenter.segment(photograph)).width).toBe(512);
  });

  it.each([
    ['a threshold of 2', { threshold: 2 }, /threshold 2 is not from 0 to 1/],
    ['half a pixel', { minArea: 0.5 }, /minimum area of 0\.5/],
  ])('%s is refused', async (_, options, says) => {
    const refused = segmenter.segment(photograph, options);
    await expect(refused).rejects.toMatchObject({ code: 'BAD_USAGE', message: expect.stringMatching(says) });
  });

  it('pixels that are not as many as their size says are refused', async () => {
    const pixels = { width: 3, height: 3, channels: 3 as const, data: new Uint8Array(9) };
    await expect(segmenter.segment(pixels)).rejects.toMatchObject({ code: 'BAD_IMAGE' });
  });

  it('one that is to stop rejects when its work has stopped, later than one that rejects at once', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const order: string[] = [];
    const [stopping, leaving] = [
      segmenter
        .segmentOrStop(photograph, { signal })
        .catch(({ message }) => order.push(`stopped: ${message}`)),
      segmenter.segment(photograph, { signal }).catch(({ message }) => order.push(`left: ${message}`)),
    ];
    controller.abort(new Error('enough'));
    await Promise.all([stopping, leaving]);
    expect(order).toEqual(['left: enough', 'stopped: enough']);
  });

  it('an abort rejects at once and the segmenter goes on', async () => {
    const controller = new AbortController();
    const aborted = segmenter.segment(photograph, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(segmenter.segment(photograph, { signal: controller.signal })).rejects.toThrow('enough');
    expect((await segmenter.segment(photograph)).width).toBe(512);
  });
});

describe('many images', () => {
  it('come in their order, and one that cannot be read does not stop the others', async () => {
    const broken = join(folder, 'broken.jpg');
    writeFileSync(broken, readFileSync(photograph).subarray(0, 4000));
    async function* sources() {
      yield fixture('images', 'ISIC_0000082.jpg');
      yield broken;
      yield photograph;
    }
    const seen: (number | string)[] = [];
    for await (const result of segmenter.segmentAll(sources())) {
      seen.push(
        'error' in result ? result.error.message.slice(0, 10) : (result.segmentation.mask.data[0] ?? -1),
      );
      expect(result.source).toMatch(/\.jpg$/);
    }
    expect(seen).toEqual([0, 'broken.jpg', 0]);
  });

  it('stop when the loop over them does', async () => {
    let taken = 0;
    function* sources() {
      for (;;) {
        taken++;
        yield photograph;
      }
    }
    for await (const _ of segmenter.segmentAll(sources())) break;
    expect(taken).toBeLessThanOrEqual(segmenter.imagesAtOnce);
  });
});

describe('many images that do not come', () => {
  it('are waited for until an abort', async () => {
    const controller = new AbortController();
    async function* sources() {
      yield photograph;
      await new Promise(() => {});
    }
    const all = segmenter.segmentAll(sources(), { signal: controller.signal });
    const next = all.next();
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(await all.return()).toEqual({ done: true, value: undefined });
  });
});

describe('other models', () => {
  it('the bytes of a model may be written over as soon as loading has begun', async () => {
    const size = { batch: 1, height: 64, width: 64 };
    const bytes = await exported(trained, { ...told, size });
    const mine = bytes.slice();
    const loading = [
      Segmenter.load(mine, { workers: 2 }),
      Segmenter.load(mine, { at: 'network', placement: true }),
    ];
    mine.fill(0);
    for (const each of await Promise.all(loading)) {
      expect((await each.segment(photograph)).masks).toHaveLength(1);
      await each.close();
    }
  });

  it('two segmenters in one process do not disturb each other', async () => {
    const bytes = await exported(trained, {
      ...told,
      io: 'image',
      size: { batch: 1, height: 256, width: 256 },
    });
    await using other = await Segmenter.load(bytes);
    const [a, b] = await Promise.all([segmenter.segment(photograph), other.segment(photograph)]);
    expect(dice(a.mask, b.mask)).toBeGreaterThanOrEqual(0.9999);
  });

  it('several classes give a label map', async () => {
    const classes = fixture('cases', 'eed-training-run.zip.pth');
    await using four = await Segmenter.load(
      await exported(classes, { ...told, size: {}, nativeSize: true, head: 'sigmoid' }),
    );
    expect(four.classes).toBe(4);
    const { masks, labels, probabilities } = await four.segment(photograph, { threshold: 0.3 });
    expect(masks).toHaveLength(4);
    const size = 512 * 512;
    for (let i = 0; i < size; i += 1013) {
      const values = masks.map((_, index) => probabilities?.data[index * size + i] ?? 0);
      const best = Math.max(...values);
      expect(labels?.data[i]).toBe(best >= 0.3 ? values.indexOf(best) + 1 : 0);
    }
  });

  it('at their own size, large images in tiles: the seams do not show', async () => {
    const bytes = await exported(trained, { ...told, nativeSize: true, size: {} });
    await using whole = await Segmenter.load(bytes);
    await using tiled = await Segmenter.load(bytes, { memoryBudget: 25e6 });
    const [a, b] = await Promise.all([whole.segment(photograph), tiled.segment(photograph)]);
    expect(dice(a.mask, b.mask)).toBeGreaterThan(0.97);
    // Along each row, the probabilities of neighbours differ no more than in the whole image.
    const jump = (probabilities: Probabilities | undefined) => {
      const data = probabilities?.data ?? new Float32Array();
      const steps = Array.from(data, (value, i) =>
        i % 512 === 0 ? 0 : Math.abs(value - (data[i - 1] ?? 0)),
      );
      return steps.reduce((most, step) => Math.max(most, step), 0);
    };
    expect(jump(b.probabilities)).toBeLessThanOrEqual(1.1 * jump(a.probabilities));
    await expect(Segmenter.load(bytes, { memoryBudget: -1 })).rejects.toMatchObject({ code: 'BAD_USAGE' });
    await using small = await Segmenter.load(bytes, { memoryBudget: 1e6 });
    await expect(small.segment(photograph)).rejects.toThrow(/memory budget of 1 MB, expected at least/);
  });

  it('closing twice at once ends both times, with an image under way', async () => {
    const bytes = await exported(trained, { ...told, size: { batch: 1, height: 64, width: 64 } });
    const closing = await Segmenter.load(bytes);
    const image = closing.segment(photograph).catch(() => {});
    await Promise.all([closing.close(), closing.close(), image]);
    await expect(closing.segment(photograph)).rejects.toThrow('the segmenter is closed');
  });

  it('a model of prepared pixels says what does not fit', async () => {
    const size = { batch: 1, height: 64, width: 64 };
    const bytes = await exported(trained, { ...told, size });
    const recipe = { sizing: { kind: 'resize', height: 32, width: 32 } } as const;
    await expect(Segmenter.load(bytes, { recipe })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: 'the model: its height is 64, but the recipe that is given resizes to 32',
    });
    const two = await exported(trained, { ...told, size: { ...size, batch: 2 } });
    await expect(Segmenter.load(two)).rejects.toThrow(/takes 2 images at a time/);
  });
});
