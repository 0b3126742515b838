import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transformSync } from 'esbuild';
import type { Browser } from 'playwright-core';
import { inBrowser } from '../support/browser.js';
import { complaintsOf, launch, serve } from '../support/chromium.js';
import { modelOfDocs } from '../support/clone.js';
import { blocksBy } from '../support/doc-blocks.js';
import { fixture, root } from '../support/fixtures.js';

let browser: Browser;
let model: Uint8Array;
beforeAll(async () => {
  if (inBrowser !== describe) return;
  browser = await launch({ webgpu: false });
  model = await modelOfDocs();
});
afterAll(async () => browser?.close());

const web = join(root, 'dist/web');
const MAP = '{ "imports": { "nmode-onnx/web": "/web/index.js" } }';

/** A page whose program is a block of the docs: `file` is what a user would choose. */
function pageWith(code: string): string {
  const { code: program } = transformSync(code, { loader: 'ts', format: 'esm' });
  const file = "const file = await (await fetch('/fixtures/images/ISIC_0000082.jpg')).blob();";
  return `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${MAP}</script>
    <script type="module">${program.includes('file') ? file : ''}${program}; document.title = 'done';</script>`;
}

const blocks = blocksBy('pages');

inBrowser('in Chromium', () => {
  it.each(blocks.map((block) => [`${block.page} line ${block.line}`, block] as const))(
    '%s runs',
    async (_, { code }) => {
      const host = await serve({
        folders: { '/web/': web, '/nmode/': web, '/fixtures/': fixture() },
        files: new Map<string, Uint8Array | string>([
          ['/index.html', pageWith(code)],
          ['/model.onnx', model],
        ]),
      });
      const page = await browser.newPage();
      const complaints = complaintsOf(page);
      try {
        await page.goto(host.url);
        await page.waitForFunction(() => document.title === 'done');
        expect(complaints).toEqual([]);
      } finally {
        await page.close();
        await host.close();
      }
    },
  );
});
