import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fastify from 'fastify';
import { addFiles } from '../../../src/files/site.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-static-'));
const app = fastify();
beforeAll(async () => {
  mkdirSync(join(folder, 'site'));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  for (const name of ['index.html', 'model.onnx', 'a.mjs']) writeFileSync(join(folder, 'site', name), name);
  await addFiles(app, '/', join(folder, 'site'));
  await addFiles(app, '/below/', join(folder, 'site'));
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

it.each([
  ['/', 'text/html; charset=utf-8', 'index.html'],
  ['/below/index.html?version=1', 'text/html; charset=utf-8', 'index.html'],
  ['/a.mjs', 'application/javascript; charset=utf-8', 'a.mjs'],
  // Compressed as others are: a model's name tells no type.
  ['/below/model.onnx', 'application/octet-stream', 'model.onnx'],
])('%s is %s', async (url, type, body) => {
  const answer = await app.inject(url);
  expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([200, type, body]);
});

it.each(['/nothing', '/../secret.txt', '/..%2fsecret.txt', '/below/..%2f..%2fsecret.txt', '/%00', '/%'])(
  '%s is nothing',
  async (url) => {
    const { statusCode, body } = await app.inject(url);
    expect([400, 404]).toContain(statusCode);
    expect(body).not.toBe('secret');
  },
);

it('a file that a browser has is not sent again', async () => {
  const { headers } = await app.inject('/a.mjs');
  const again = await app.inject({ url: '/a.mjs', headers: { 'if-none-match': headers.etag } });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});
