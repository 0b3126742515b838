import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import type { Value } from '../../graph/ir/value.js';
import { softmax } from '../../graph/ops/unary.js';
import { confusionOf, diceOf } from '../../runtime/masks/metrics.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { inBrowser } from '../support/browser.js';
import { complaintsOf, type Host, launch, serve } from '../support/chromium.js';
import { exported, fixture } from '../support/fixtures.js';
import { DEMO, listed, masked, SITE, text } from '../support/page.js';
import { COLOURS, pixelwiseBytes } from '../support/pixelwise.js';

const photograph = (name: string) => fixture('images', `${name}.jpg`);
const EXAMPLE = photograph('ISIC_0000082');

inBrowser('two models', () => {
  const TEACHER = 'teacher.onnx';
  let browser: Browser;
  let host: Host;
  let teacher: Uint8Array;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    browser = await launch({ webgpu: false });
    host = await serve({ folders: SITE });
    teacher = await exported(fixture('slim', 'teacher.pth'), { size: {} });
  });

  beforeEach(async () => {
    await page?.context().close();
    const context = await browser.newContext({ hasTouch: true, viewport: { width: 1200, height: 900 } });
    page = await context.newPage();
    complaints = complaintsOf(page);
    await page.goto(`${host.url}?provider=wasm`);
    await masked(page, 'example.jpg');
  });
  afterAll(async () => {
    await browser?.close();
    await host?.close();
  });

  const second = async (name: string, bytes: Uint8Array) => {
    await page.locator('#second-file').setInputFiles({ name, mimeType: '', buffer: Buffer.from(bytes) });
  };
  const compared = async () => {
    await second(TEACHER, teacher);
    await page.waitForFunction(() => document.getElementById('result')?.textContent?.includes('agreement'));
    await masked(page, 'example.jpg');
  };
  const divider = () => page.getByLabel('Divider');
  /** What is on the canvas, once it was drawn. */
  const seen = async () => {
    await page.waitForTimeout(200);
    return sharp(await page.locator('#canvas').screenshot())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
  };
  /** Whether columns of two pictures are the same, from one share of the width to another. */
  const isSame = (a: Awaited<ReturnType<typeof seen>>, b: typeof a, from: number, to: number) => {
    const { width, height } = a.info;
    for (let y = 0; y < height; y++) {
      const at = (share: number) => 3 * (y * width + Math.round(share * width));
      if (!a.data.subarray(at(from), at(to)).equals(b.data.subarray(at(from), at(to)))) return false;
    }
    return true;
  };

  it('are shown at both sides of a divider that keys move, and how they agree is what Node says', async () => {
    await page.getByLabel('Mask', { exact: true }).check();
    const first = await seen();
    await compared();
    expect(await text(page, 'left-side')).toBe('bundled: U-Net, EED decoder, skin lesions');
    expect(await text(page, 'right-side')).toBe(TEACHER);
    await using one = await Segmenter.load(join(DEMO, 'model.onnx'));
    await using other = await Segmenter.load(teacher);
    const [{ mask }, { mask: wanted }] = [await one.segment(EXAMPLE), await other.segment(EXAMPLE)];
    const [, dsc] = /DSC (.*)/.exec((await listed(page, 'result')).agreement ?? '') ?? [];
    expect(Math.abs(Number(dsc) - diceOf(confusionOf(mask, wanted)))).toBeLessThan(2e-3);

    await divider().focus();
    await page.keyboard.press('Home');
    const alone = await seen();
    expect(isSame(alone, first, 0.3, 0.7)).toBe(false);
    await page.keyboard.press('End');
    expect(isSame(await seen(), first, 0.3, 0.7)).toBe(true);
    for (let i = 0; i < 50; i++) await page.keyboard.press('ArrowLeft');
    expect(await divider().getAttribute('aria-valuetext')).toMatch(/^50 % bundled.*, 50 % teacher\.onnx$/);
    const both = await seen();
    expect(isSame(both, first, 0.3, 0.48)).toBe(true);
    expect(isSame(both, alone, 0.52, 0.7)).toBe(true);
    // Threshold, views and the next image are both models'.
    await page.getByLabel('Threshold').focus();
    await page.keyboard.press('End');
    const strict = await seen();
    expect(isSame(strict, both, 0.3, 0.48) || isSame(strict, both, 0.52, 0.7)).toBe(false);
    await page.locator('#image-file').setInputFiles(photograph('ISIC_0000552'));
    await masked(page, 'ISIC_0000552.jpg');
    expect((await listed(page, 'result')).agreement).toMatch(/^DSC 0\.\d{4}$/);
    expect(complaints).toEqual([]);
  });

  it('are wiped on the image, by mouse and by touch', async () => {
    await compared();
    const box = await page.locator('#canvas').boundingBox();
    if (box === null) throw new Error('no canvas');
    // The photograph is square, and as high as its frame.
    const [centre, middle] = [box.x + box.width / 2, box.y + box.height / 2];
    const xOf = (share: number) => centre + (share - 0.5) * Math.min(box.width, box.height);
    const value = () => divider().evaluate((range: HTMLInputElement) => range.valueAsNumber);
    await page.mouse.move(xOf(0.2), middle);
    expect(await value()).toBe(0.5);
    await page.mouse.down();
    await page.mouse.move(xOf(0.7), middle, { steps: 5 });
    await page.mouse.up();
    await page.mouse.move(xOf(0.1), middle);
    expect(await value()).toBeCloseTo(0.7, 1);
    const touch = await page.context().newCDPSession(page);
    const finger = (type: 'touchStart' | 'touchMove' | 'touchEnd', share?: number) =>
      touch.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: share === undefined ? [] : [{ x: xOf(share), y: middle }],
      });
    await finger('touchStart', 0.6);
    for (const share of [0.5, 0.4, 0.3]) await finger('touchMove', share);
    await finger('touchEnd');
    expect(await value()).toBeCloseTo(0.3, 1);
    await page.mouse.move(box.x - 50, middle);
    await page.mouse.move(xOf(0.5), middle);
    await page.mouse.down();
    await page.mouse.move(box.x - 50, middle);
    await page.mouse.up();
    expect(await value()).toBe(0);
  });

  it('that do not go together, and what is none, leave the first as it is', async () => {
    await second('three.onnx', pixelwiseBytes({ ...COLOURS, end: (x: Value) => softmax(x, 1) }));
    await page.waitForFunction(() => document.getElementById('alert')?.textContent);
    expect(await text(page, 'alert')).toBe(
      'three.onnx: its masks are of the labels 1 and 2, those of the first model of 1: choose a model of the same classes',
    );
    expect(Object.keys(await listed(page, 'result'))).toEqual(['area', 'parts']);
    await second('junk.onnx', Buffer.from('junk'));
    await page.waitForFunction(() => document.getElementById('alert')?.textContent?.startsWith('junk.onnx'));
    await masked(page, 'example.jpg');
    expect(await text(page, 'alert')).toMatch(/^junk\.onnx: not an ONNX file/);
    expect(await divider().isVisible()).toBe(false);
    expect(Object.keys(await listed(page, 'result'))).toEqual(['area', 'parts']);
  });

  it('are one again when the second is put away', async () => {
    const before = await seen();
    await compared();
    await page.getByRole('button', { name: 'Only the first model' }).click();
    await page.waitForFunction(() => !document.getElementById('result')?.textContent?.includes('agreement'));
    expect(await divider().isVisible()).toBe(false);
    expect(isSame(await seen(), before, 0, 1)).toBe(true);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('second');
  });

  it('may be dropped together', async () => {
    const dropped = await page.evaluateHandle((base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      for (const name of ['a.onnx', 'b.onnx']) transfer.items.add(new File([bytes], name));
      return transfer;
    }, Buffer.from(teacher).toString('base64'));
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: dropped });
    await page.waitForFunction(() => document.getElementById('result')?.textContent?.includes('agreement'));
    expect((await listed(page, 'about')).model).toBe('a.onnx');
    expect([await text(page, 'left-side'), await text(page, 'right-side')]).toEqual(['a.onnx', 'b.onnx']);
    expect((await listed(page, 'result')).agreement).toBe('DSC 1.0000');
  });
});
