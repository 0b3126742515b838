import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import type { Value } from '../../graph/ir/value.js';
import { softmax } from '../../graph/ops/unary.js';
import { confusionOf, diceOf, metricsOf } from '../../runtime/masks/metrics.js';
import { readMask, readTruthImage } from '../../runtime/node/images/files.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { inBrowser } from '../support/browser.js';
import { channelCase, exportCase, imageOf } from '../support/channels.js';
import { complaintsOf, type Host, ISOLATION, launch, type Served, serve } from '../support/chromium.js';
import { exported, fixture } from '../support/fixtures.js';
import { main, nmode } from '../support/nmode.js';
import { DEMO, listed, masked, rest, SITE, text } from '../support/page.js';
import { COLOURS, pixelwiseBytes, UNIT } from '../support/pixelwise.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-demo-'));
const photograph = (name: string) => fixture('images', `${name}.jpg`);
const NAMED = { 'nmode.recipe': UNIT, 'nmode.class_names': '["skin","vessel","gland"]' };
const EXAMPLE = photograph('ISIC_0000082');

let browser: Browser;
const hosts: Host[] = [];

/** The command, and where it says that the page is. */
async function demo(): Promise<{ process: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [main, 'demo', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { process: child, url: /http:\S+/.exec(String(line))?.[0] ?? '' };
}

async function served(what: Served): Promise<string> {
  const host = await serve({ folders: SITE, ...what });
  hosts.push(host);
  return host.url;
}

beforeAll(async () => {
  if (inBrowser === describe) browser = await launch({ webgpu: false });
});

afterAll(async () => {
  await browser?.close();
  await Promise.all(hosts.map((host) => host.close()));
  rmSync(folder, { recursive: true });
});

inBrowser('the page', () => {
  let server: Awaited<ReturnType<typeof demo>>;
  let context: BrowserContext;
  let page: Page;
  let complaints: readonly string[];
  let node: Segmenter;

  beforeAll(async () => {
    node = await Segmenter.load(join(DEMO, 'model.onnx'));
    server = await demo();
  });
  afterAll(async () => {
    server.process.kill();
    await node.close();
  });

  beforeEach(async () => {
    await context?.close();
    context = await browser.newContext();
    page = await context.newPage();
    complaints = complaintsOf(page);
    await page.goto(server.url);
    await masked(page, 'example.jpg');
  });

  it('segments an image that is chosen, says where it ran and how long that took, in workers', async () => {
    await page.locator('#image-file').setInputFiles(EXAMPLE);
    await masked(page, 'ISIC_0000082.jpg');
    const { mask } = await node.segment(EXAMPLE);
    const area = Number((await listed(page, 'result')).area?.replace(/ pixels.*|,/g, ''));
    expect(Math.abs(area / mask.data.reduce((sum, value) => sum + value / 255, 0) - 1)).toBeLessThan(1e-3);
    expect(await listed(page, 'about')).toEqual({
      model: 'bundled: U-Net, EED decoder, skin lesions',
      images: 'min-max, resized to 256x256',
    });
    expect(await listed(page, 'engine')).toEqual({
      'runs on': expect.stringMatching(/^WebAssembly, [2-9] threads$/),
      'not WebGPU': 'this browser finds no graphics card that it trusts',
    });
    expect(Object.keys(await listed(page, 'timings'))).toEqual(
      expect.arrayContaining([
        'decode',
        'prepare',
        'run the network',
        'cut the mask',
        'total',
        'memory of the page',
      ]),
    );
    const workers = page.workers().map((worker) => worker.url().slice(server.url.length));
    expect(workers).toEqual(expect.arrayContaining(['painter.js', 'nmode/worker.js', 'nmode/worker.js']));
    expect(complaints).toEqual([]);
  });

  it('the threshold moves by keyboard and needs no other run; what is downloaded is the mask', async () => {
    const [before, times] = [await listed(page, 'result'), await listed(page, 'timings')];
    await page.getByLabel('Threshold').focus();
    for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight');
    await page.waitForFunction(
      (area) => document.querySelector('#result dd')?.textContent !== area,
      before.area ?? '',
    );
    expect(await page.locator('#threshold-value').innerText()).toBe('0.70');
    expect(await listed(page, 'timings')).toEqual(times);
    // The last of twenty drawings is the one that counts.
    await page.waitForTimeout(200);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download mask' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('example_mask.png');
    const path = join(folder, 'mask.png');
    await download.saveAs(path);
    const { mask } = await node.segment(EXAMPLE, { threshold: 0.7 });
    expect(diceOf(confusionOf(await readMask(path), mask))).toBeGreaterThanOrEqual(0.999);
  });

  it('a ground-truth mask dropped with its image gives the metrics', async () => {
    const dropped = await page.evaluateHandle(
      ([image, truth]) => {
        const file = (data: readonly number[], name: string) => new File([Uint8Array.from(data)], name);
        const transfer = new DataTransfer();
        transfer.items.add(file(image, 'lesion.jpg'));
        transfer.items.add(file(truth, 'lesion.png'));
        return transfer;
      },
      [[...readFileSync(EXAMPLE)], [...readFileSync(fixture('masks', 'ISIC_0000082.png'))]] as const,
    );
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: dropped });
    await page.waitForFunction(() => document.querySelector('#result')?.textContent?.includes('DSC'));
    const { mask } = await node.segment(EXAMPLE);
    const metrics = metricsOf(confusionOf(mask, await readMask(fixture('masks', 'ISIC_0000082.png'))));
    const found = await listed(page, 'result');
    for (const [name, value] of Object.entries({ mIoU: metrics.miou, DSC: metrics.dsc })) {
      expect(Math.abs(Number(found[name]) - value)).toBeLessThan(5e-4);
    }
    expect(Object.keys(found)).toEqual(
      expect.arrayContaining(['accuracy', 'sensitivity', 'specificity', 'area', 'parts']),
    );
  });

  it('truth that is no mask of black and white is refused, and read once the page is told how', async () => {
    await page.locator('#image-file').setInputFiles(EXAMPLE);
    await masked(page, 'ISIC_0000082.jpg');
    const { data, info } = await sharp(fixture('masks', 'ISIC_0000082.png'))
      .toColourspace('b-w')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const green = sharp(
      Uint8Array.from({ length: 3 * data.length }, (_, i) => (i % 3 === 1 ? (data[(i - 1) / 3] ?? 0) : 0)),
      {
        raw: { width, height, channels: 3 },
      },
    );
    const deep = sharp(
      Uint16Array.from(data, (value) => 300 * Number(value > 0)),
      { raw: { width, height, channels: 1 } },
    );
    const alert = () => page.waitForFunction(() => document.getElementById('alert')?.textContent);
    const choose = async (buffer: Buffer) => {
      await page.locator('#truth-file').setInputFiles({ name: 'truth.png', mimeType: '', buffer });
    };
    const scored = async () => {
      await page.waitForFunction(() => document.querySelector('#result')?.textContent?.includes('DSC'));
      return Number((await listed(page, 'result')).DSC);
    };
    const { mask } = await node.segment(EXAMPLE);
    const { dsc } = metricsOf(confusionOf(mask, await readMask(fixture('masks', 'ISIC_0000082.png'))));

    await choose(await green.png().toBuffer());
    await alert();
    expect(await text(page, 'alert')).toMatch(
      /^truth\.png: it holds the colours 0,0,0 and 0,255,0, expected a mask of black and white: its R,G,B under "Foreground in truth"/,
    );
    await page.getByLabel('Foreground in truth').fill('0, 255, 0');
    await page.getByLabel('Foreground in truth').press('Enter');
    expect(Math.abs((await scored()) - dsc)).toBeLessThan(5e-4);
    expect(await text(page, 'alert')).toBe('');

    await page.getByLabel('Foreground in truth').fill('300');
    await choose(await deep.toColourspace('grey16').png().toBuffer());
    expect(Math.abs((await scored()) - dsc)).toBeLessThan(5e-4);

    await page.getByLabel('Foreground in truth').fill('7');
    await page.getByLabel('Foreground in truth').press('Enter');
    await alert();
    expect(await text(page, 'alert')).toBe(
      'truth.png: it has nothing that is foreground: it holds 0 and 300',
    );
  });

  it('every view draws something else', async () => {
    const seen = new Set<string>();
    for (const view of ['Original', 'Mask', 'Outline', 'Overlay']) {
      await page.getByLabel(view, { exact: true }).check();
      await page.waitForTimeout(150);
      seen.add((await page.locator('#canvas').screenshot()).toString('base64'));
    }
    expect(seen.size).toBe(4);
  });

  it('takes a picture with the camera', async () => {
    await context.grantPermissions(['camera']);
    await page.getByRole('button', { name: 'Take a photo' }).click();
    await page.getByRole('button', { name: 'Take picture' }).click();
    await masked(page, 'camera.png');
    expect(await text(page, 'alert')).toBe('');
  });

  it('segments a grey image with a network of one channel, as Node does, and colours by their luma', async () => {
    const grey = await Segmenter.load(join(DEMO, 'grey.onnx'));
    await page.getByRole('button', { name: 'In grey' }).click();
    await masked(page, 'grey-example.jpg');
    expect(await listed(page, 'about')).toMatchObject({
      model: 'bundled: U-Net of one grey channel, EED decoder, skin lesions',
      images: 'grey by luma, min-max, resized to 256x256',
    });
    const areaIn = async () => Number((await listed(page, 'result')).area?.replace(/ .*|,/g, ''));
    const areaInNode = async (path: string) => {
      const { mask } = await grey.segment(path);
      return mask.data.filter((value) => value !== 0).length;
    };
    // Browsers decode JPEG by a decoder of their own.
    const same = (area: number, other: number) => expect(Math.abs(area / other - 1)).toBeLessThan(0.002);
    same(await areaIn(), await areaInNode(fixture('grey', 'ISIC_0015582.jpg')));
    await page.locator('#image-file').setInputFiles(EXAMPLE);
    await masked(page, 'ISIC_0000082.jpg');
    same(await areaIn(), await areaInNode(EXAMPLE));
    await grey.close();
    await page.getByRole('button', { name: 'Example 1' }).click();
    await masked(page, 'example.jpg');
    expect((await listed(page, 'about')).model).toBe('bundled: U-Net, EED decoder, skin lesions');
    expect(complaints).toEqual([]);
  });

  it('takes the files of the channels of an image together, and grey of colours', async () => {
    const [pair, grey] = [channelCase('nonzero'), channelCase('grey')];
    await page.locator('#model-file').setInputFiles(await exportCase(pair, folder));
    await page.waitForFunction(() => document.getElementById('about')?.textContent?.includes('nonzero.onnx'));
    await rest(page);
    await page.locator('#image-file').setInputFiles(imageOf(pair).toReversed());
    await masked(page, 'nonzero_0000.png + nonzero_0001.png');
    await page.locator('#model-file').setInputFiles(await exportCase(grey, folder));
    await page.waitForFunction(() => document.body.dataset.state === 'failed');
    expect(await text(page, 'alert')).toMatch(/together they have 2 channels, the model takes 1/);
    await page.locator('#image-file').setInputFiles(EXAMPLE);
    await page.waitForFunction(() => document.getElementById('alert')?.textContent?.includes('it is RGB'));
    await page.locator('#grey').selectOption('luma');
    await masked(page, 'ISIC_0000082.jpg');
  });

  it("one's own model brings its recipe", async () => {
    const own = await exported(fixture('trained', 'unet-eed-w16-isic2018.pth'), {
      decoder: 'eed',
      activation: 'gelu',
      nativeSize: true,
      size: {},
    });
    const buffer = Buffer.from(own);
    await page.locator('#model-file').setInputFiles({ name: 'own.onnx', mimeType: '', buffer });
    await page.waitForFunction(() => document.getElementById('about')?.textContent?.includes('own.onnx'));
    await rest(page);
    expect(await listed(page, 'about')).toMatchObject({
      images: 'min-max, own size, padded to a multiple of 16',
    });
    await page.getByRole('button', { name: 'Example 1' }).click();
    await masked(page, 'example.jpg');
  });

  it('says what it assumes of a model, shows no background, and takes a recipe and a head', async () => {
    const choose = async (name: string, bytes: Uint8Array) => {
      const buffer = Buffer.from(bytes);
      await page.locator('#model-file').setInputFiles({ name, mimeType: '', buffer });
    };
    const about = (part: string) =>
      page.waitForFunction((sought) => document.getElementById('about')?.textContent?.includes(sought), part);
    const softmaxed = { ...COLOURS, end: (x: Value) => softmax(x, 1) };
    await choose('softmax.onnx', pixelwiseBytes(softmaxed));
    await about('background 0');
    expect(await text(page, 'about')).toMatch(/recipe min-max, resized to 8x8[\s\S]*background class 0/);
    expect(await page.locator('#threshold').isDisabled()).toBe(true);
    await page.locator('#recipe').selectOption('unit');
    await about('unit, resized to 8x8');
    expect(await text(page, 'about')).not.toContain('min-max');
    const red = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#f00' } })
      .png()
      .toBuffer();
    await page.locator('#image-file').setInputFiles({ name: 'red.png', mimeType: '', buffer: red });
    await masked(page, 'red.png');
    expect(await listed(page, 'result')).toEqual({
      'class 1': '100.00\u00a0%, 1 part',
      'class 2': '0.00\u00a0%, 0 parts',
    });
    await choose('logits.onnx', pixelwiseBytes(COLOURS));
    await page.waitForFunction(() =>
      document.getElementById('alert')?.textContent?.includes('returns logits'),
    );
    await page.locator('#head').selectOption('softmax');
    await about('logits.onnx');
  });

  it('shows several classes in their colours, or the one that is chosen, and counts each against a label map', async () => {
    const named = { ...COLOURS, end: (x: Value) => softmax(x, 1), metadata: NAMED };
    const model = { name: 'named.onnx', mimeType: '', buffer: Buffer.from(pixelwiseBytes(named)) };
    await page.locator('#model-file').setInputFiles(model);
    await page.waitForFunction(() => document.getElementById('about')?.textContent?.includes('(skin)'));
    const row = [...Array(4).fill([255, 0, 0]), ...Array(2).fill([0, 255, 0]), ...Array(2).fill([0, 0, 0])];
    const raw = (pixels: readonly number[], channels: 1 | 3) =>
      sharp(Buffer.from(Array.from({ length: 8 }, () => pixels).flat()), {
        raw: { width: 8, height: 8, channels },
      });
    const image = await raw(row.flat(), 3).png().toBuffer();
    const truth = await raw([1, 1, 1, 1, 2, 0, 0, 9], 1).toColourspace('b-w').png().toBuffer();
    await page.locator('#image-file').setInputFiles({ name: 'a.png', mimeType: '', buffer: image });
    await masked(page, 'a.png');
    expect(await page.locator('#legend li').allTextContents()).toEqual(['1 vessel', '2 gland']);
    expect(await page.locator('#class option').allTextContents()).toEqual(['all', '1 vessel', '2 gland']);
    expect(await listed(page, 'result')).toEqual({
      vessel: '50.00\u00a0%, 1 part',
      gland: '25.00\u00a0%, 1 part',
    });
    await page.locator('#truth-file').setInputFiles({ name: 't.png', mimeType: '', buffer: truth });
    await page.waitForFunction(() => document.getElementById('alert')?.textContent);
    expect(await text(page, 'alert')).toBe(
      't.png: it holds 9, expected the labels of the model\'s 3 classes, 0 to 2: 9 under "Ignored in truth" leaves it out',
    );
    await page.locator('#truth-ignored').fill('9');
    await page.locator('#truth-ignored').press('Enter');
    await page.waitForFunction(() => document.getElementById('result')?.textContent?.includes('DSC'));
    expect(await listed(page, 'result')).toEqual({
      truth: 't.png',
      vessel: '50.00\u00a0%, 1 part, DSC 1.0000',
      gland: '25.00\u00a0%, 1 part, DSC 0.6667',
    });
    const download = async () => {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download mask' }).click(),
      ]);
      const path = join(folder, file.suggestedFilename());
      await file.saveAs(path);
      return { name: file.suggestedFilename(), row: [...(await readTruthImage(path)).data.subarray(0, 8)] };
    };
    expect(await download()).toEqual({ name: 'a_labels.png', row: [1, 1, 1, 1, 2, 2, 0, 0] });
    await page.locator('#class').selectOption('2 gland');
    await page.waitForFunction(() => document.getElementById('result')?.textContent?.includes('area'));
    expect(await listed(page, 'result')).toMatchObject({ area: '16 pixels, 25.00\u00a0%', DSC: '0.6667' });
    expect(await download()).toEqual({ name: 'a_mask_2.png', row: [0, 0, 0, 0, 255, 255, 0, 0] });
    expect(complaints).toEqual([]);
  });

  it('compares providers, and says of one that does not run why', async () => {
    await page.getByText('Advanced').click();
    await page.getByRole('button', { name: 'Compare providers' }).click();
    await page.waitForFunction(() => document.querySelectorAll('#benchmark-rows tr').length === 2);
    await page.waitForFunction(() => !document.querySelector<HTMLButtonElement>('#benchmark')?.disabled);
    const rows = (await page.locator('#benchmark-rows tr').allInnerTexts()).map((row) => row.split('\t'));
    expect(rows).toEqual([
      ['webgpu', expect.stringMatching(/^this browser finds no graphics card/)],
      ['wasm', expect.stringMatching(/ m?s$/), expect.stringMatching(/ ms \(15 runs\)$/)],
    ]);
  });

  it("a truth whose image is not there is nobody else's", async () => {
    const buffer = readFileSync(fixture('masks', 'ISIC_0000082.png'));
    const truth = (name: string) => ({ name, mimeType: '', buffer });
    await page.locator('#truth-file').setInputFiles([truth('other_mask.png'), truth('third.png')]);
    expect(await text(page, 'unpaired')).toBe(
      'Not used: other_mask.png, third.png. No photo here is called other or third.',
    );
    expect(Object.keys(await listed(page, 'result'))).toEqual(['area', 'parts']);
  });

  it('a model that is none leaves the one that works', async () => {
    await page
      .locator('#model-file')
      .setInputFiles({ name: 'junk.onnx', mimeType: '', buffer: Buffer.from('junk') });
    await page.waitForFunction(() => document.getElementById('alert')?.textContent);
    await masked(page, 'example.jpg');
    await page.waitForFunction(() => document.getElementById('alert')?.textContent?.startsWith('junk.onnx'));
    expect((await listed(page, 'about')).model).toMatch(/^bundled/);
  });

  it('the last of several images that are chosen quickly is the one that is shown', async () => {
    const buffer = await sharp(EXAMPLE).resize(3000, 2000, { fit: 'fill' }).jpeg().toBuffer();
    const large = { name: 'large.jpg', mimeType: '', buffer };
    await page.locator('#image-file').setInputFiles(large);
    await masked(page, 'large.jpg');
    await page.locator('#truth-file').setInputFiles({
      name: 'large.png',
      mimeType: '',
      buffer: await sharp(fixture('masks', 'ISIC_0000082.png'))
        .resize(3000, 2000, { fit: 'fill' })
        .png()
        .toBuffer(),
    });
    await page.waitForFunction(() => document.querySelector('#result')?.textContent?.includes('DSC'));
    const other = photograph('ISIC_0000552');
    await page.locator('#image-file').setInputFiles(other);
    await masked(page, 'ISIC_0000552.jpg');
    for (const delay of [0, 150, 300, 450]) {
      await page.getByRole('button', { name: 'large.jpg' }).click();
      await page.waitForTimeout(delay);
      await page.getByRole('button', { name: 'ISIC_0000552.jpg' }).click();
      await masked(page, 'ISIC_0000552.jpg');
      await page.waitForTimeout(800);
      expect(await text(page, 'status')).toMatch(/^ISIC_0000552\.jpg: /);
      expect(await text(page, 'alert')).toBe('');
      expect(Object.keys(await listed(page, 'result'))).toEqual(['area', 'parts']);
      expect(await page.locator('#canvas').getAttribute('aria-label')).toBe('ISIC_0000552.jpg with its mask');
    }
  });

  it('a tall image is drawn', async () => {
    const buffer = await sharp(EXAMPLE).resize(400, 1601, { fit: 'fill' }).jpeg().toBuffer();
    await page.locator('#image-file').setInputFiles({ name: 'tall.jpg', mimeType: '', buffer });
    await masked(page, 'tall.jpg');
    expect(await text(page, 'alert')).toBe('');
  });

  it('where the next image fails, nothing of the one before can be taken for it', async () => {
    const broken = { name: 'broken.jpg', mimeType: '', buffer: readFileSync(EXAMPLE).subarray(0, 9000) };
    await page.locator('#image-file').setInputFiles(broken);
    await page.waitForFunction(() => document.body.dataset.state === 'failed');
    expect(await page.getByRole('button', { name: 'Download mask' }).isDisabled()).toBe(true);
    expect(await text(page, 'result')).toBe('');
    expect(await page.locator('#canvas').isVisible()).toBe(false);
  });

  it.each([
    [
      'an image that is cut short',
      'cut.jpg',
      () => readFileSync(EXAMPLE).subarray(0, 9000),
      /^cut\.jpg: .* truncated$/,
    ],
    [
      'a file that is none',
      'note.png',
      () => Buffer.from('note'),
      /^note\.png: .*expected JPEG, PNG or WebP$/,
    ],
  ])('%s gets one sentence, and the next image its mask', async (_, name, make, says) => {
    await page.locator('#image-file').setInputFiles({ name, mimeType: '', buffer: make() });
    await page.waitForFunction(() => document.getElementById('alert')?.textContent);
    expect(await text(page, 'alert')).toMatch(says);
    await page.getByRole('button', { name: 'Example 1' }).click();
    await masked(page, 'example.jpg');
    expect(await text(page, 'alert')).toBe('');
  });
});

inBrowser('the page without a network', () => {
  it('after one visit works as before, and its files are those that were built', async () => {
    const server = await demo();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.url);
    await masked(page, 'example.jpg');
    await page.waitForFunction(() => document.body.dataset.offline === 'ready');
    server.process.kill();
    await once(server.process, 'exit');
    await page.reload();
    await masked(page, 'example.jpg');
    await page.locator('#image-file').setInputFiles(photograph('ISIC_0013106'));
    await masked(page, 'ISIC_0013106.jpg');
    expect((await listed(page, 'engine'))['runs on']).toMatch(/^WebAssembly, [2-9] threads$/);
    await context.close();
  });

  it('does not keep a file that is not the one that was built', async () => {
    const changed = `${readFileSync(join(DEMO, 'painter.js'), 'utf8')}\n`;
    const url = await served({ files: new Map([['/painter.js', changed]]) });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await masked(page, 'example.jpg');
    await page.waitForFunction(async () => {
      const [name] = await caches.keys();
      return name !== undefined && (await navigator.serviceWorker.getRegistration())?.installing === null;
    });
    expect(
      await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active),
    ).toBeFalsy();
    await context.close();
  });
});

inBrowser('the page on hosts that', () => {
  const open = async (what: Served, path = '') => {
    const page = await (await browser.newContext()).newPage();
    await page.goto((await served(what)) + path);
    return page;
  };

  it('send no headers runs in one thread and says so; its service worker brings them', async () => {
    const page = await open({ headers: {} });
    await rest(page);
    expect((await listed(page, 'engine'))['runs on']).toBe(
      'WebAssembly, 1 thread: the page is not cross-origin isolated',
    );
    await masked(page, 'example.jpg');
    await page.waitForFunction(() => document.body.dataset.offline === 'ready');
    await page.reload();
    await rest(page);
    expect((await listed(page, 'engine'))['runs on']).toMatch(/^WebAssembly, [2-9] threads$/);
  });

  it.each<[string, Served, string, RegExp]>([
    [
      'forbid WebAssembly',
      { headers: { ...ISOLATION, 'content-security-policy': "script-src 'self'" } },
      '',
      /^webgpu: the page may not run WebAssembly: .*'wasm-unsafe-eval'/,
    ],
    [
      'lack the model',
      { files: new Map([['/model.onnx', null]]) },
      '',
      /^model\.onnx: cannot be fetched: the server says 404/,
    ],
    [
      'have half of the model',
      { files: new Map([['/model.onnx', readFileSync(join(DEMO, 'model.onnx')).subarray(0, 1e6)]]) },
      '?provider=wasm',
      /^model\.onnx: truncated: at least \d+ bytes are missing at its end/,
    ],
  ])('%s get one sentence', async (_, what, path, says) => {
    const page = await open(what, path);
    expect(await rest(page)).toBe('failed');
    expect(await text(page, 'alert')).toMatch(says);
  });
});

describe('nmode demo', () => {
  it('writes files that any host can serve, into a new folder only', () => {
    const site = join(folder, 'site');
    expect(nmode('demo', '-o', site)).toEqual({ status: 0, stdout: `The page is in ${site}.\n`, stderr: '' });
    expect(readdirSync(site)).toEqual(
      expect.arrayContaining(['index.html', 'model.onnx', 'nmode', 'page.js']),
    );
    expect(readdirSync(join(site, 'nmode', 'onnxruntime'))).toHaveLength(7);
    expect(nmode('demo', '-o', site)).toMatchObject({
      status: 2,
      stderr: `nmode: ${site}: is not empty: choose a new folder for the page\n`,
    });
  });

  it('says that a port is in use', async () => {
    const { process: first, url } = await demo();
    const { port } = new URL(url);
    expect(nmode('demo', '--port', port)).toEqual({
      status: 4,
      stdout: '',
      stderr: `nmode: the page cannot be served: port ${port} is in use: choose another with --port\n`,
    });
    first.kill();
    expect(await once(first, 'exit')).toEqual([0, null]);
  });

  it('refuses a port that is none', () => {
    expect(nmode('demo', '--port', '70000')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/Expected a whole number from 0 to 65535/),
    });
  });
});
