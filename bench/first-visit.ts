/**
 * `npm run bench:first-visit`: what the first visit of the page takes until the first mask, in bytes over the wire and in time,
 * with an empty cache and a server on the same machine; and how large the package's own code is.
 */
import { readFileSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { print, table } from '../src/cli/output/print.js';
import { serveSite } from '../src/files/site.js';
import { median } from '../src/measuring/percentile.js';
import { launch } from '../test/support/chromium.js';
import { root } from './networks.js';

/** On WebGPU in software, one visit takes a minute. */
const VISITS = { wasm: 7, webgpu: 1 } as const;
const [LIBRARY_LIMIT, MODEL_LIMIT] = [40_000, 2_600_000];

/** Passes connections on to a port and counts the bytes that come back. */
async function counting(port: number) {
  let bytes = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    upstream.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.pipe(upstream).pipe(client);
    for (const end of [client, upstream]) end.on('error', () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port: own } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}/`, server, taken: () => bytes };
}

/** In the page: when each of its states began, in milliseconds from the address. */
const RECORD = `
  globalThis.began = {};
  new MutationObserver(() => {
    const { state } = document.body.dataset;
    began[state] ??= performance.now();
  }).observe(document, { subtree: true, attributeFilter: ['data-state'] });`;

/** From the address to the mask of the example, which the page opens with. */
async function visit(browser: Browser, port: number, provider: string) {
  const wire = await counting(port);
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(300_000);
  await page.addInitScript(RECORD);
  await page.goto(`${wire.url}?provider=${provider}`);
  await page.locator('body[data-state=done]').waitFor();
  const began: Record<'segmenting' | 'done', number> = await page.evaluate('began');
  const result = { loaded: began.segmenting, done: began.done, bytes: wire.taken() };
  await context.close();
  wire.server.close();
  return result;
}

const site = await serveSite({ port: 0 });
const port = Number(new URL(site.url).port);
const browser = await launch();
const rows: string[][] = [];
for (const provider of ['wasm', 'webgpu'] as const) {
  const visits: Awaited<ReturnType<typeof visit>>[] = [];
  for (let i = 0; i < VISITS[provider]; i++) visits.push(await visit(browser, port, provider));
  const of = (key: 'loaded' | 'done' | 'bytes') => median(visits.map((each) => each[key]));
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
  const megabytes = `${(of('bytes') / 1e6).toFixed(2)} MB`;
  rows.push([provider, String(visits.length), megabytes, seconds(of('loaded')), seconds(of('done'))]);
}
await browser.close();
await site.close();
print(table(['provider', 'visits', 'over the wire', 'loaded', 'first mask'], rows));
const zipped = (name: string) => gzipSync(readFileSync(join(root, 'dist', 'web', name)), { level: 9 }).length;
const library = zipped('index.js') + zipped('worker.js');
const model = statSync(join(root, 'dist', 'demo', 'model.onnx')).size;
print(
  `library ${library} bytes of gzip (${LIBRARY_LIMIT} are allowed), model ${model} bytes (${MODEL_LIMIT})`,
);
process.exitCode = library <= LIBRARY_LIMIT && model <= MODEL_LIMIT ? 0 : 1;
