/** `npm run screenshots`: the pictures of the page in docs/, made anew. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { exportModel } from '../src/api/export.js';
import { serveSite } from '../src/files/site.js';
import { launch } from '../test/support/chromium.js';
import { root } from './networks.js';

const SCREENS = [
  { name: 'page-desktop', colorScheme: 'light', viewport: { width: 1200, height: 800 } },
  { name: 'page-dark', colorScheme: 'dark', viewport: { width: 1200, height: 800 } },
  { name: 'page-phone', colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true },
] as const;
const WEBP = { quality: 82 };

const site = await serveSite({ port: 0 });
const browser = await launch({ webgpu: false });
for (const { name, ...screen } of SCREENS) {
  const context = await browser.newContext(screen);
  const page = await context.newPage();
  await page.goto(site.url);
  await page.locator('body[data-state=ready]').waitFor();
  await page.locator('#image-file').setInputFiles(join(root, 'fixtures', 'images', 'ISIC_0015582.jpg'));
  await page.locator('body[data-state=done]').waitFor();
  await page.locator('#truth-file').setInputFiles(join(root, 'fixtures', 'masks', 'ISIC_0015582.png'));
  await page.getByText('DSC', { exact: true }).waitFor();
  const png = await page.screenshot();
  await sharp(png)
    .webp(WEBP)
    .toFile(join(root, 'docs', `${name}.webp`));
  await context.close();
}
/** A page of its own, ready, and its picture. */
async function pictured(name: string, act: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await page.goto(site.url);
  await page.locator('body[data-state=ready]').waitFor();
  await act(page);
  await page.locator('body[data-state=done]').waitFor();
  await sharp(await page.screenshot())
    .webp(WEBP)
    .toFile(join(root, 'docs', `${name}.webp`));
  await page.close();
}
await pictured('page-grey', (page) => page.locator('#grey-example').click());
const folder = mkdtempSync(join(tmpdir(), 'nmode-screenshots-'));
const second = join(folder, 'plain-unet.onnx');
await exportModel({ checkpoint: join(root, 'fixtures', 'slim', 'teacher.pth'), output: second });
await pictured('page-two-models', async (page) => {
  await page.locator('#image-file').setInputFiles(join(root, 'fixtures', 'images', 'ISIC_0014077.jpg'));
  await page.locator('body[data-state=done]').waitFor();
  await page.locator('#second-file').setInputFiles(second);
  await page.getByText('agreement', { exact: true }).waitFor();
});
rmSync(folder, { recursive: true });
await browser.close();
await site.close();
