/** The page, as it is built, and how tests wait for it and read it. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { root } from './fixtures.js';

export const DEMO = join(root, 'dist/demo');

/** The folders of its files, by where they are served. */
export const SITE = { '/nmode/': join(root, 'dist/web/'), '/': `${DEMO}/` };

/** What an element of the page says. */
export const text = (page: Page, id: string) => page.locator(`#${id}`).innerText();

/** Waits until the page has come to rest; its state. */
export async function rest(page: Page): Promise<string | undefined> {
  const state = await page.waitForFunction(() => {
    const { state: now = '' } = document.body.dataset;
    return ['ready', 'done', 'failed'].includes(now) ? now : false;
  });
  return String(await state.jsonValue());
}

/** Waits for the mask of an image. */
export const masked = (page: Page, name: string) =>
  page.waitForFunction(
    (start) =>
      document.body.dataset.state === 'done' &&
      document.getElementById('status')?.textContent?.startsWith(start),
    `${name}: `,
  );

/** The terms of a list on the page and what they are. */
export async function listed(page: Page, id: string): Promise<Record<string, string>> {
  const terms = await page.locator(`#${id} dt`).allTextContents();
  const texts = await page.locator(`#${id} dd`).allTextContents();
  return Object.fromEntries(terms.map((term, i) => [term, texts[i] ?? '']));
}
