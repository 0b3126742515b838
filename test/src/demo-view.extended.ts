import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import type { Value } from '../../graph/ir/value.js';
import { softmax } from '../../graph/ops/unary.js';
import { inBrowser } from '../support/browser.js';
import { channelCase, exportCase, imageOf } from '../support/channels.js';
import { complaintsOf, type Host, launch, serve } from '../support/chromium.js';
import { fixture } from '../support/fixtures.js';
import { listed, masked, rest, SITE, text } from '../support/page.js';
import { COLOURS, pixelwiseBytes, UNIT } from '../support/pixelwise.js';

const DESKTOP = { viewport: { width: 1200, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const PHOTOGRAPH = fixture('images', 'ISIC_0000552.jpg');
const TRUTH = fixture('masks', 'ISIC_0000552.png');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const folder = mkdtempSync(join(tmpdir(), 'nmode-view-'));
let browser: Browser;
let host: Host;

beforeAll(async () => {
  if (inBrowser !== describe) return;
  browser = await launch({ webgpu: false });
  host = await serve({ folders: SITE });
});
afterAll(async () => {
  await browser?.close();
  await host?.close();
  rmSync(folder, { recursive: true });
});

/** The page with its example, on WebAssembly. */
async function opened(options: BrowserContextOptions) {
  const page = await (await browser.newContext(options)).newPage();
  const complaints = complaintsOf(page);
  await page.goto(`${host.url}?provider=wasm`);
  await masked(page, 'example.jpg');
  return { page, complaints, [Symbol.asyncDispose]: () => page.context().close() };
}

/** Where an element is in the window. */
async function boxOf(page: Page, id: string) {
  const box = await page.locator(`#${id}`).boundingBox();
  if (box === null) throw new Error(`${id} is not shown`);
  return { ...box, right: box.x + box.width, bottom: box.y + box.height };
}

/** How far into the canvas a point of the window is: 0..1 of its width and height. */
async function shareAt(page: Page, x: number, y: number): Promise<readonly [number, number]> {
  const box = await boxOf(page, 'canvas');
  return [(x - box.x) / box.width, (y - box.y) / box.height];
}

/** What is on the canvas, once it was drawn. */
async function seen(page: Page) {
  await page.waitForTimeout(200);
  return sharp(await page.locator('#canvas').screenshot())
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
}

const file = (name: string, buffer: Uint8Array) => ({ name, mimeType: '', buffer: Buffer.from(buffer) });
const three = () =>
  pixelwiseBytes({
    ...COLOURS,
    end: (x: Value) => softmax(x, 1),
    metadata: { 'nmode.recipe': UNIT, 'nmode.class_names': '["skin","vessel","gland"]' },
  });

inBrowser('the page', () => {
  it('says what it is for and opens with an example that is segmented', async () => {
    await using on = await opened(DESKTOP);
    const { page } = on;
    const title = 'Outline skin lesions in a photo, in your browser';
    expect([await page.title(), await page.locator('h1').innerText()]).toEqual([title, title]);
    expect((await listed(page, 'result')).area).toMatch(/^[\d,]{5,} pixels/);
    expect(await page.locator('#images [aria-current=true]').innerText()).toBe('Example 1');
    // Thumbnails that are there, of images that are not fetched before they are wanted.
    const widths = await page
      .locator('#images img')
      .evaluateAll((images) => (images as HTMLImageElement[]).map(({ naturalWidth }) => naturalWidth));
    expect(widths).toEqual([160, 160, 160, 160]);
    const fetched = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => name),
    );
    const ofExamples = fetched.filter((name) => /example.*jpg|grey.onnx/.test(name));
    expect(new Set(ofExamples)).toEqual(new Set([`${host.url}example.jpg`]));
    await page.getByRole('button', { name: 'Example 3' }).click();
    await masked(page, 'example-3.jpg');
    expect(on.complaints).toEqual([]);
  });

  it('keeps the photo in sight while its controls scroll, on phones and beside them', async () => {
    for (const screen of [PHONE, DESKTOP]) {
      await using on = await opened(screen);
      const { page } = on;
      const { height } = screen.viewport;
      await page.getByRole('button', { name: 'Download mask' }).scrollIntoViewIfNeeded();
      await page.mouse.move(screen.viewport.width - 20, height - 20);
      await page.mouse.wheel(0, 350);
      await page.waitForTimeout(300);
      expect(await page.evaluate(() => scrollY)).toBeGreaterThan(200);
      const drop = await boxOf(page, 'drop');
      expect(drop.y).toBeGreaterThanOrEqual(0);
      expect(drop.bottom).toBeLessThanOrEqual(screen === PHONE ? height * 0.55 : height);
      // What is beneath can be pressed: nothing lies over it.
      await page.getByRole('button', { name: 'Use your own model' }).click({ trial: true });
      // No page scrolls sideways.
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    }
  });

  it('zooms about the pointer by the wheel, moves by dragging, and is whole again', async () => {
    await using on = await opened(DESKTOP);
    const { page } = on;
    const whole = await boxOf(page, 'canvas');
    const [x, y] = [whole.x + whole.width * 0.6, whole.y + whole.height * 0.3];
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -400);
    await page.waitForTimeout(100);
    const zoomed = await boxOf(page, 'canvas');
    expect(zoomed.width / whole.width).toBeCloseTo(Math.exp(0.8), 1);
    const [across, down] = await shareAt(page, x, y);
    expect(across).toBeCloseTo(0.6, 2);
    expect(down).toBeCloseTo(0.3, 2);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await page.mouse.down();
    await page.mouse.move(x - 30, y + 20, { steps: 3 });
    await page.mouse.up();
    const moved = await boxOf(page, 'canvas');
    expect([moved.x - zoomed.x, moved.y - zoomed.y].map(Math.round)).toEqual([-30, 20]);
    // Its edges stay outside of the frame.
    await page.mouse.down();
    await page.mouse.move(x + 2000, y + 2000, { steps: 3 });
    await page.mouse.up();
    const edge = await boxOf(page, 'canvas');
    expect([edge.x, edge.y].map(Math.round)).toEqual([whole.x, whole.y].map(Math.round));
    await page.mouse.move(x, y);
    await page.mouse.dblclick(x, y);
    expect((await boxOf(page, 'canvas')).width).toBeCloseTo(whole.width, 0);
    // Where nothing is left to zoom out of, the wheel scrolls the page.
    await page.mouse.wheel(0, 300);
    await page.waitForFunction(() => scrollY > 100);
  });

  it('zooms by buttons and keys, and arrows move it', async () => {
    await using on = await opened(DESKTOP);
    const { page } = on;
    const whole = await boxOf(page, 'canvas');
    const scale = async () => (await boxOf(page, 'canvas')).width / whole.width;
    await page.getByRole('button', { name: 'Zoom in' }).focus();
    await page.keyboard.press('Enter');
    expect(await scale()).toBeCloseTo(1.25);
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    expect(await scale()).toBeCloseTo(1.25 ** 3);
    const before = await boxOf(page, 'canvas');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowUp');
    const after = await boxOf(page, 'canvas');
    expect([after.x - before.x, after.y - before.y].map(Math.round)).toEqual([-40, 40]);
    await page.keyboard.press('-');
    expect(await scale()).toBeCloseTo(1.25 ** 2);
    for (let i = 0; i < 20; i++) await page.keyboard.press('+');
    expect(await scale()).toBeCloseTo(8);
    await page.keyboard.press('0');
    expect(await scale()).toBe(1);
    // Another photo is whole.
    await page.keyboard.press('+');
    await page.getByRole('button', { name: 'Example 2' }).click();
    await masked(page, 'example-2.jpg');
    expect(await scale()).toBe(1);
  });

  it('zooms by two fingers, and one scrolls the page past a photo that is whole', async () => {
    await using on = await opened(PHONE);
    const { page } = on;
    const whole = await boxOf(page, 'canvas');
    const [x, y] = [whole.x + whole.width / 2, whole.y + whole.height / 2];
    const session = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: readonly [number, number][]) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: points.map(([px, py], id) => ({ x: px, y: py, id })),
      });
    await touch('touchStart', [x - 30, y], [x + 30, y]);
    for (const apart of [40, 50, 60]) await touch('touchMove', [x - apart, y], [x + apart, y]);
    await touch('touchEnd');
    expect((await boxOf(page, 'canvas')).width / whole.width).toBeCloseTo(2, 1);
    const [across] = await shareAt(page, x, y);
    expect(across).toBeCloseTo(0.5, 1);
    expect(await page.evaluate(() => visualViewport?.scale)).toBe(1);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    // Zoomed, one finger moves it.
    const before = await boxOf(page, 'canvas');
    await touch('touchStart', [x, y]);
    for (const by of [20, 40]) await touch('touchMove', [x - by, y - by]);
    await touch('touchEnd');
    const after = await boxOf(page, 'canvas');
    expect([after.x - before.x, after.y - before.y].map(Math.round)).toEqual([-40, -40]);
    await page.getByRole('button', { name: 'Fit' }).click();
    await touch('touchStart', [x, y]);
    for (let by = 20; by <= 200; by += 20) await touch('touchMove', [x, y - by]);
    await touch('touchEnd');
    await page.waitForFunction(() => scrollY > 50);
    expect(await page.locator('#drop').getAttribute('class')).not.toContain('zoomed');
  });

  it('draws more of a large photo once it is zoomed', async () => {
    await using on = await opened(DESKTOP);
    const { page } = on;
    const large = await sharp(PHOTOGRAPH).resize(2400, 1800, { fit: 'fill' }).jpeg().toBuffer();
    await page.locator('#image-file').setInputFiles(file('large.jpg', large));
    await masked(page, 'large.jpg');
    const pixels = () => page.locator('#canvas').evaluate((canvas: HTMLCanvasElement) => canvas.width);
    expect(await pixels()).toBe(1600);
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await page.waitForFunction(() => document.querySelector('canvas')?.width === 2400);
    await page.getByRole('button', { name: 'Fit' }).click();
    await page.waitForFunction(() => document.querySelector('canvas')?.width === 1600);
  });

  it('wipes between the photo and its mask', async () => {
    await using on = await opened(DESKTOP);
    const { page } = on;
    const columns = async (from: number, to: number) => {
      const { data, info } = await seen(page);
      const rows = Array.from({ length: Math.floor(info.height * 0.8) }, (_, row) => {
        const at = (share: number) => 3 * (row * info.width + Math.round(share * info.width));
        return data.subarray(at(from), at(to));
      });
      return Buffer.concat(rows).toString('base64');
    };
    const [left, right] = [await columns(0.25, 0.48), await columns(0.52, 0.75)];
    await page.getByLabel('Original', { exact: true }).check();
    const photo = await columns(0.25, 0.48);
    expect(photo).not.toBe(left);
    await page.getByLabel('Overlay', { exact: true }).check();
    await page.getByLabel('Before and after').check();
    expect(await columns(0.25, 0.48)).toBe(photo);
    expect(await columns(0.52, 0.75)).toBe(right);
    expect(await page.getByLabel('Divider').getAttribute('aria-valuetext')).toBe(
      '50 % Original, 50 % With its mask',
    );
    await page.getByLabel('Divider').focus();
    await page.keyboard.press('Home');
    expect(await columns(0.25, 0.48)).toBe(left);
    // Zoomed, a pointer that is far from the divider moves the photo instead.
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'Zoom in' }).click();
    const box = await boxOf(page, 'drop');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const before = await boxOf(page, 'canvas');
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 20, y);
    await page.mouse.up();
    expect(Math.round((await boxOf(page, 'canvas')).x - before.x)).toBe(-20);
    expect(await page.getByLabel('Divider').inputValue()).toBe('1');
    await page.getByLabel('Before and after').uncheck();
    expect(await page.getByLabel('Divider').isVisible()).toBe(false);
  });

  it('names ground truth that is no photo of the page, until the photo comes', async () => {
    await using on = await opened(DESKTOP);
    const { page } = on;
    const truth = file('later_mask.png', readFileSync(TRUTH));
    await page.locator('#image-file').setInputFiles([file('other.jpg', readFileSync(PHOTOGRAPH)), truth]);
    await masked(page, 'other.jpg');
    expect(await text(page, 'unpaired')).toBe('Not used: later_mask.png. No photo here is called later.');
    expect(Object.keys(await listed(page, 'result'))).toEqual(['area', 'parts']);
    await page.locator('#image-file').setInputFiles(file('later.jpg', readFileSync(PHOTOGRAPH)));
    await masked(page, 'later.jpg');
    expect(await listed(page, 'result')).toMatchObject({
      truth: 'later_mask.png',
      DSC: expect.stringMatching(/^0\.9/),
    });
    expect(await page.locator('#unpaired').isVisible()).toBe(false);
  });

  it('gives the example that nobody chose to models of photographs alone, and comes back to its own', async () => {
    await using on = await opened(DESKTOP);
    const { page } = on;
    const pair = channelCase('nonzero');
    expect(await page.getByLabel('Prepare photos').isVisible()).toBe(false);
    await page.locator('#model-file').setInputFiles(await exportCase(pair, folder));
    await page.waitForFunction(() => document.getElementById('about')?.textContent?.includes('nonzero.onnx'));
    expect(await rest(page)).toBe('ready');
    expect(await text(page, 'alert')).toBe('');
    expect(await page.locator('#invitation').isVisible()).toBe(true);
    expect(await page.getByLabel('Prepare photos').isVisible()).toBe(true);
    await page.locator('#image-file').setInputFiles(imageOf(pair));
    await masked(page, 'nonzero_0000.png + nonzero_0001.png');
    await page.getByRole('button', { name: 'Back to the bundled model' }).click();
    await page.waitForFunction(() => document.getElementById('about')?.textContent?.includes('bundled'));
    await rest(page);
    expect(await page.getByLabel('Prepare photos').isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Example 1' }).click();
    await masked(page, 'example.jpg');
  });

  it('axe-core finds nothing, in light and dark, on a phone as well', async () => {
    await using on = await opened(DESKTOP);
    const { page } = on;
    await page.evaluate(AXE);
    const found = async (state: string) => {
      for (const [scheme, screen] of [
        ['light', DESKTOP],
        ['dark', DESKTOP],
        ['dark', PHONE],
      ] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize(screen.viewport);
        const { violations, passes }: AxeResults = await page.evaluate('axe.run()');
        expect(passes.length).toBeGreaterThan(10);
        const places = violations.flatMap(({ id, nodes }) =>
          nodes.map(({ html }) => `${state}, ${scheme}, ${screen.viewport.width}: ${id}: ${html}`),
        );
        expect(places).toEqual([]);
      }
    };
    await found('the example');
    for (const summary of ['How ground truth is read', 'Advanced']) await page.getByText(summary).click();
    await page.getByLabel('Before and after').check();
    await page.locator('#truth-file').setInputFiles(TRUTH);
    await page.waitForFunction(() => document.getElementById('result')?.textContent?.includes('DSC'));
    await found('open, wiped, with truth');
    await page.locator('#model-file').setInputFiles(file('three.onnx', three()));
    await page.waitForFunction(() => document.getElementById('about')?.textContent?.includes('three.onnx'));
    await rest(page);
    await page.locator('#second-file').setInputFiles(file('other.onnx', three()));
    await page.waitForFunction(() => document.getElementById('result')?.textContent?.includes('agreement'));
    await rest(page);
    await page
      .locator('#truth-file')
      .setInputFiles([file('a_mask.png', readFileSync(TRUTH)), file('b_mask.png', readFileSync(TRUTH))]);
    await found('classes, two models, unpaired truth');
    await page.locator('#image-file').setInputFiles(file('note.png', Buffer.from('note')));
    await page.waitForFunction(() => document.body.dataset.state === 'failed');
    await found('a failure');
    await page.getByRole('button', { name: 'Take a photo' }).click();
    await page.getByRole('button', { name: 'Take picture' }).waitFor();
    await found('the camera');
  });
});
