/**
 * `npm run bench:main-thread`: the longest task of the page's main thread while it segments photographs of two sizes and follows
 * a slider, as the Long Tasks API tells (tasks of 50 ms and more), and how late a 5 ms timer in it was. Loading is told as well: there
 * WebAssembly is compiled on all cores, and the page waits for one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { print, table } from '../src/cli/output/print.js';
import { serveSite } from '../src/files/site.js';
import { launch } from '../test/support/chromium.js';
import { root } from './networks.js';

const ALLOWED = 50;
const PHOTOGRAPHS = 20;

/** In the page, before anything of its own runs. */
const WATCH = `
  globalThis.watched = { longest: 0, late: 0, ticks: 0 };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) watched.longest = Math.max(watched.longest, duration);
  }).observe({ type: 'longtask', buffered: true });
  let due = performance.now() + 5;
  setInterval(() => {
    const now = performance.now();
    watched.late = Math.max(watched.late, now - due);
    watched.ticks++;
    due = now + 5;
  }, 5);`;

interface Watched {
  readonly longest: number;
  readonly late: number;
  readonly ticks: number;
}

const folder = mkdtempSync(join(tmpdir(), 'nmode-bench-'));
const site = await serveSite({ port: 0 });
const browser = await launch({ webgpu: false });
try {
  const photograph = join(root, 'fixtures', 'images', 'ISIC_0000082.jpg');
  const large = join(folder, 'large.jpg');
  await sharp(photograph).resize(4000, 3000, { fit: 'fill' }).jpeg().toFile(large);
  const page = await browser.newPage();
  await page.addInitScript(WATCH);
  await page.goto(site.url);
  const done = () => page.locator('body[data-state=done]').waitFor();
  const rows: string[][] = [];
  const watch = async (what: string, work: () => Promise<void>): Promise<number> => {
    await work();
    await page.waitForTimeout(300);
    const watched: Watched = await page.evaluate(
      '(() => { const seen = { ...watched }; Object.assign(watched, { longest: 0, late: 0, ticks: 0 }); return seen; })()',
    );
    const task = watched.longest === 0 ? `under ${ALLOWED} ms` : `${watched.longest.toFixed(0)} ms`;
    rows.push([what, task, `${watched.late.toFixed(1)} ms`, String(watched.ticks)]);
    return watched.longest;
  };
  const segment = async (file: string) => {
    await page.locator('#image-file').setInputFiles(file);
    await page.locator('body[data-state=segmenting]').waitFor();
    await done();
  };
  await watch('loading, and the example', done);
  const tasks = [
    await watch(`${PHOTOGRAPHS} photographs of 512 x 512`, async () => {
      for (let i = 0; i < PHOTOGRAPHS; i++) await segment(photograph);
    }),
    await watch('3 photographs of 4000 x 3000', async () => {
      for (let i = 0; i < 3; i++) await segment(large);
    }),
    await watch('the threshold, 30 times, on 4000 x 3000', async () => {
      await page.locator('#threshold').focus();
      for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowRight');
    }),
  ];
  print(table(['what the page does', 'longest task', 'latest timer', 'ticks'], rows));
  process.exitCode = Math.max(...tasks) < ALLOWED ? 0 : 1;
} finally {
  await browser.close();
  await site.close();
  rmSync(folder, { recursive: true });
}
