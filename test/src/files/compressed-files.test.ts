import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fastify from 'fastify';
import { compressFiles } from '../../../src/files/compressed-files.js';
import { addFiles } from '../../../src/files/site.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-compressed-'));
const app = fastify();
beforeAll(async () => {
  writeFileSync(join(folder, 'a.wasm'), 'a'.repeat(5000));
  writeFileSync(join(folder, 'a.jpg'), 'a'.repeat(5000));
  compressFiles(app);
  await addFiles(app, '/', folder);
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const get = async (url: string, headers: Record<string, string> = {}) => {
  const { headers: found, rawPayload } = await app.inject({ url, headers });
  return { coding: found['content-encoding'], length: Number(found['content-length']), bytes: rawPayload };
};

it.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['br;q=0, gzip;q=0', undefined],
  ['*;q=0', undefined],
  ['gzip, deflate', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['br;q=0, *', 'gzip'],
  ['BR ; Q=0.5', 'br'],
])('of what Accept-Encoding takes, the best: %s', async (accepted, wanted) => {
  const { coding, length, bytes } = await get(
    '/a.wasm',
    accepted === undefined ? {} : { 'accept-encoding': accepted },
  );
  expect(coding).toBe(wanted);
  expect(length).toBe(bytes.length);
  const plain = { br: brotliDecompressSync, gzip: gunzipSync }[coding as 'br' | 'gzip']?.(bytes) ?? bytes;
  expect(String(plain)).toBe('a'.repeat(5000));
});

it('images and parts of files are sent as they are', async () => {
  const accepting = { 'accept-encoding': 'br' };
  expect((await get('/a.jpg', accepting)).coding).toBeUndefined();
  expect(await get('/a.wasm', { ...accepting, range: 'bytes=0-9' })).toMatchObject({
    coding: undefined,
    length: 10,
  });
});

it('a file is compressed once, until it changes', async () => {
  const file = join(folder, 'a.wasm');
  const { atime, mtime } = statSync(file);
  const text = async () =>
    String(brotliDecompressSync((await get('/a.wasm', { 'accept-encoding': 'br' })).bytes));
  const before = await text();
  writeFileSync(file, 'b'.repeat(5000));
  // It looks as it did.
  utimesSync(file, atime, mtime);
  expect(await text()).toBe(before);
  utimesSync(file, atime, new Date(0));
  expect(await text()).toBe('b'.repeat(5000));
});
