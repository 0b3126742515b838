import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { readTruthImage } from '../../runtime/node/images/files.js';
import { exportModel, serve } from '../../src/index.js';
import { FOLDERS, inBrowser } from '../support/browser.js';
import { type Host, serve as host, launch } from '../support/chromium.js';
import { fixture } from '../support/fixtures.js';
import { sendTo } from '../support/served.js';

const TRAININGS = { colours: ['whole', 'small'], channels: ['oval', 'part'] } as const;
type Name = keyof typeof TRAININGS;
const images = Object.entries(TRAININGS).flatMap(([name, cases]) =>
  cases.map((image) => [name as Name, image] as const),
);

const folder = mkdtempSync(join(tmpdir(), 'nmode-masks-'));
const models = new Map<string, Uint8Array>();
const fileOf = (name: Name) => join(folder, `${name}.onnx`);

beforeAll(async () => {
  for (const name of Object.keys(TRAININGS) as Name[]) {
    const checkpoint = fixture('nnunet', 'masks', name, 'trained');
    await exportModel({ checkpoint, output: fileOf(name) });
    models.set(`/${name}.onnx`, readFileSync(fileOf(name)));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The files of an image's channels. */
const filesOf = (name: Name, image: string) =>
  readdirSync(fixture('nnunet', 'masks', name, 'images'))
    .filter((file) => file.startsWith(`${image}_`))
    .sort();

const wanted = async (name: Name, image: string, way: 'mirror' | 'plain') => [
  ...(await readTruthImage(fixture('nnunet', 'masks', name, way, `${image}.png`))).data,
];

describe('a server', () => {
  it.each(images)("of %s gives nnU-Net's mask of %s", async (name, image) => {
    const server = await serve({ models: [fileOf(name)], port: 0, workers: 1 });
    try {
      const form = new FormData();
      for (const file of filesOf(name, image))
        form.append(
          'image',
          new Blob([readFileSync(fixture('nnunet', 'masks', name, 'images', file))]),
          file,
        );
      const { bytes, status } = await sendTo(`${server.url}/v1/segment`, {
        headers: { accept: 'image/png;view=labels' },
        body: form,
      });
      expect(status).toBe(200);
      expect([...(await readTruthImage(bytes)).data]).toEqual(await wanted(name, image, 'mirror'));
    } finally {
      await server.close();
    }
  });
});

inBrowser('a page', () => {
  let browser: Browser;
  let site: Host;
  let page: Page;
  beforeAll(async () => {
    browser = await launch({ webgpu: false });
    site = await host({ folders: FOLDERS, files: models });
    page = await browser.newPage();
    await page.goto(site.url);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), site?.close()]);
  });

  it.each(images.flatMap((each) => [[...each, 'mirror'] as const, [...each, 'plain'] as const]))(
    "of %s gives nnU-Net's mask of %s, %s",
    async (name, image, way) => {
      const sources = filesOf(name, image).map((file) => `/fixtures/nnunet/masks/${name}/images/${file}`);
      const found = await page.evaluate(
        async ([path, urls, mirror]) => {
          const { Segmenter } = await import('/web/index.js');
          const segmenter = await Segmenter.load(path, { providers: ['wasm'], ...(!mirror && { mirror }) });
          try {
            const { labels } = await segmenter.segment(urls);
            return Array.from(labels?.data ?? []);
          } finally {
            await segmenter.close();
          }
        },
        [`/${name}.onnx`, sources, way === 'mirror'] as const,
      );
      expect(found).toEqual(await wanted(name, image, way));
    },
  );
});
