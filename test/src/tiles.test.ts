import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { RgbImage } from '../../runtime/common/raster.js';
import { imageSpecOf } from '../../runtime/input-spec.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { serve } from '../../src/api/serve.js';
import { exported, fixture } from '../support/fixtures.js';
import { nativeSize, WHY } from '../support/native-size.js';
import { nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-tiles-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (name: string) => join(folder, name);

const [width, height] = [700, 500];
/** Brighter to the right, so that tiles differ from each other. */
const image = {
  width,
  height,
  channels: 3,
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return 60 + 50 * Math.sin(x / 17) * Math.cos(y / 13) + (x > 380 ? 80 : 0);
  }),
} as const;
const photograph = out('photo.png');
await sharp(image.data, { raw: image }).png().toFile(photograph);

/** Writes a network of native size. */
function written(name: string, ...told: Parameters<typeof nativeSize>): string {
  writeFileSync(out(name), nativeSize(...told));
  return out(name);
}

const local = written('local.onnx', 'near');
const whole = written('whole.onnx', 'whole');
/** Bytes with which the image takes several tiles. */
const memoryBudget = 25e6;

const largest = (a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 9))), 0);

/** How an image was cut with a budget, and how far its probabilities are from those of the whole. */
async function compared(model: string | Uint8Array, source: RgbImage, budget: number) {
  await using one = await Segmenter.load(model, { memoryBudget: 4e9 });
  await using many = await Segmenter.load(model, { memoryBudget: budget });
  const [a, b] = [await one.segment(source), await many.segment(source)];
  expect([a.tiles, a.tiling]).toEqual([1, undefined]);
  expect(b.tiles).toBeGreaterThan(1);
  return { ...b, difference: largest(a.probabilities?.data, b.probabilities?.data) };
}

describe('tiles', () => {
  it('give what the whole image gives, where they overlap by what the network sees', async () => {
    const { tiles, tiling, difference } = await compared(local, image, memoryBudget);
    expect(difference).toBeLessThanOrEqual(1e-6);
    expect(tiling).toEqual({ tiles, width: 368, height: 368, wholeBudget: expect.any(Number) });
  });

  it('of a trained network too, or they say from which budget on', async () => {
    const trained = await exported(fixture('trained', 'unet-eed-w16-isic2018.pth'), {
      ...{ decoder: 'eed', activation: 'gelu', nativeSize: true, size: {} },
    });
    const small = {
      width: 480,
      height: 400,
      channels: 3,
      data: image.data.subarray(0, 3 * 480 * 400),
    } as const;
    const { tiling } = await compared(trained, small, 25e6);
    const [, budget] =
      /^the network looks 102 pixels far, .* from a memory budget of (\d+) MB/.exec(
        tiling?.approximate ?? '',
      ) ?? [];
    const near = await compared(trained, small, Number(budget) * 1e6);
    expect(near.difference).toBeLessThanOrEqual(1e-6);
    expect(near.tiling?.approximate).toBeUndefined();
  });

  it('say why they may not, where the network looks at the whole image', async () => {
    const { tiling, difference } = await compared(whole, image, memoryBudget);
    expect(difference).toBeGreaterThan(0.05);
    expect(tiling).toMatchObject({ tiles: 6, approximate: WHY });
  });

  it('are told by predict, in words and as JSON, with the budget that avoids them', async () => {
    const predicted = (model: string, ...flags: string[]) =>
      nmode('predict', model, photograph, '-o', out('masks'), ...flags);
    const run = predicted(local, '--json', '--memory-budget', '25');
    const [{ tiles, tiling }] = JSON.parse(run.stdout).predictions;
    const budget = String(Math.ceil(tiling.wholeBudget / 1e6));
    const told = `note: ${photograph}: run in ${tiles} tiles of 368x368, `;
    expect(run).toMatchObject({
      status: 0,
      stderr: `${told}with the same masks as the whole image; --memory-budget ${budget} runs it whole\n`,
    });
    expect(tiling).not.toHaveProperty('approximate');
    expect(predicted(whole, '--memory-budget', '25').stderr).toBe(
      `${told}whose masks may differ from those of the whole image (${WHY}); --memory-budget ${budget} runs it whole\n`,
    );
    const avoided = predicted(whole, '--json', '--memory-budget', budget);
    expect(avoided.stderr).toBe('');
    expect(JSON.parse(avoided.stdout).predictions[0]).toMatchObject({ tiles: 1 });
  });

  it('are told by eval', async () => {
    for (const name of ['images', 'truth']) mkdirSync(out(name));
    await sharp(photograph).toFile(join(out('images'), 'a.png'));
    await sharp(photograph)
      .greyscale()
      .threshold(120)
      .toColourspace('b-w')
      .toFile(join(out('truth'), 'a.png'));
    const run = nmode(
      'eval',
      whole,
      '--images',
      out('images'),
      '--masks',
      out('truth'),
      '--json',
      '--memory-budget',
      '25',
    );
    expect(run.stderr).toMatch(/^note: a\.png: run in 6 tiles of 368x368, whose masks may differ/);
    expect(JSON.parse(run.stdout).tiled).toMatchObject([
      { name: 'a.png', tiling: { tiles: 6, approximate: WHY } },
    ]);
  });

  it('are told by the server, in its answers and its log', async () => {
    const large = written('large.onnx', 'whole', 4096);
    const lines: string[] = [];
    const server = await serve({ models: [large], port: 0, log: { write: (line) => lines.push(line) } });
    try {
      const body = new Uint8Array(await sharp(photograph).png().toBuffer());
      const url = `${server.url}/v1/segment`;
      const answer = await fetch(url, { method: 'POST', body });
      expect(await answer.json()).toMatchObject({ tiles: 4, tiling: { tiles: 4, approximate: WHY } });
      const mask = await fetch(url, { method: 'POST', body, headers: { accept: 'image/png' } });
      expect(mask.headers.get('nmode-tiles')).toBe('4; approximate');
      expect(lines.map((line) => JSON.parse(line))).toContainEqual(
        expect.objectContaining({ msg: 'image run in tiles', model: 'large', tiles: 4, approximate: WHY }),
      );
    } finally {
      await server.close(0);
    }
  });
});

it('where only metadata are read, a receptive field that is not told may be any', () => {
  const inputs = [{ name: 'x', type: { dtype: 'float32', shape: [1, 3, 'H', 'W'] } }] as const;
  const form = (told: readonly [string, string][]) => imageSpecOf({ inputs, metadata: new Map(told) });
  expect(form([['nmode.receptive_field', '205']]).reach).toEqual({ pixels: 102 });
  expect(form([]).reach).toEqual({ why: expect.stringMatching(/is not known: its metadata/) });
});
