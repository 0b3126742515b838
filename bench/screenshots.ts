/** `npm run screenshots`: the pictures of the page in docs/, made anew. */
import { join } from 'node:path';
import sharp from 'sharp';
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
const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
await page.goto(site.url);
await page.locator('body[data-state=ready]').waitFor();
await page.locator('#grey-example').click();
await page.locator('body[data-state=done]').waitFor();
await sharp(await page.screenshot())
  .webp(WEBP)
  .toFile(join(root, 'docs', 'page-grey.webp'));
await browser.close();
await site.close();
