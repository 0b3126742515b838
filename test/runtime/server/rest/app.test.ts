import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { ServerCore } from '../../../../runtime/server/core.js';
import { DataPlane } from '../../../../runtime/server/data-plane.js';
import { Metrics } from '../../../../runtime/server/metrics.js';
import { restApp } from '../../../../runtime/server/rest/app.js';

const plane = new DataPlane(
  new Map(),
  { workers: 1, maxQueue: 1, maxBatch: 1, maxDelay: 0, maxElements: 1 },
  0,
  { ran() {}, loaded() {}, unloaded() {}, refused() {} },
);
let app: FastifyInstance;
let url = '';
let [begin, release] = [() => {}, () => {}];
const begun = new Promise<void>((resolve) => {
  begin = resolve;
});
const released = new Promise<void>((resolve) => {
  release = resolve;
});
beforeAll(async () => {
  const limits = {
    maxBody: 1000,
    maxInflight: 1000,
    maxElements: 1,
    maxRequests: 1,
    deadline: 1000,
    tokens: ['secret'],
  };
  app = await restApp(new ServerCore(plane, new Metrics(() => plane), limits), { maxJson: 1000 });
  app.get('/*', async () => {
    begin();
    await released;
    return 'page';
  });
  url = await app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => app.close());

const statusOf = async (path: string) => (await fetch(url + path)).status;

it('the page needs no token, and has no more room than others; health has', async () => {
  const first = statusOf('/page.js');
  await begun;
  expect(await statusOf('/v2')).toBe(401);
  expect(await statusOf('/other.js')).toBe(503);
  expect(await statusOf('/v2/health/live')).toBe(200);
  release();
  expect(await first).toBe(200);
  plane.drain();
  expect(await statusOf('/page.js')).toBe(503);
  expect(await statusOf('/v2/health/live')).toBe(200);
});
