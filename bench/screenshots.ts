/** `npm run screenshots`: the pictures of the page in docs/, made anew. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { exportModel } from '../src/api/export.js';
import { serveSite } from '../src/files/site.js';
import { launch } from '../test/support/chromium.js';
import { root } from './networks.js';

const DESKTOP = { width: 1200, height: 800 };
const SCREENS = [
  { name: 'page-desktop', colorScheme: 'light', viewport: DESKTOP },
  { name: 'page-dark', colorScheme: 'dark', viewport: DESKTOP },
  { name: 'page-phone', colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true },
] as const;
const WEBP = { quality: 82 };

const photograph = (name: string) => join(root, 'fixtures', 'images', `${name}.jpg`);

const segmented = (page: Page, name: string) => page.getByText(`${name}: segmented`).waitFor();

const site = await serveSite({ port: 0 });
const browser = await launch({ webgpu: false });

/** A page of its own, with the example that it opens with, and its picture after some acts. */
async function pictured(
  { name, ...screen }: { name: string } & BrowserContextOptions,
  act: (page: Page) => Promise<unknown>,
): Promise<void> {
  const page = await browser.newPage(screen);
  await page.goto(site.url);
  await segmented(page, 'example.jpg');
  await act(page);
  await sharp(await page.screenshot())
    .webp(WEBP)
    .toFile(join(root, 'docs', `${name}.webp`));
  await page.close();
}

for (const screen of SCREENS) {
  await pictured(screen, async (page) => {
    await page.locator('#image-file').setInputFiles(photograph('ISIC_0015582'));
    await segmented(page, 'ISIC_0015582.jpg');
    await page.locator('#truth-file').setInputFiles(join(root, 'fixtures', 'masks', 'ISIC_0015582.png'));
    await page.getByText('DSC', { exact: true }).waitFor();
  });
}
await pictured({ name: 'page-grey', viewport: DESKTOP }, async (page) => {
  await page.getByRole('button', { name: 'In grey' }).click();
  await segmented(page, 'grey-example.jpg');
});
const folder = mkdtempSync(join(tmpdir(), 'nmode-screenshots-'));
const second = join(folder, 'plain-unet.onnx');
await exportModel({ checkpoint: join(root, 'fixtures', 'slim', 'teacher.pth'), output: second });
await pictured({ name: 'page-two-models', viewport: DESKTOP }, async (page) => {
  await page.getByRole('button', { name: 'Example 3' }).click();
  await segmented(page, 'example-3.jpg');
  await page.locator('#second-file').setInputFiles(second);
  await page.getByText('agreement', { exact: true }).waitFor();
});
rmSync(folder, { recursive: true });
await browser.close();
await site.close();
