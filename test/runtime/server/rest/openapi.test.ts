import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { ServerCore } from '../../../../runtime/server/core.js';
import { DataPlane } from '../../../../runtime/server/data-plane.js';
import { Metrics } from '../../../../runtime/server/metrics.js';
import { restApp } from '../../../../runtime/server/rest/app.js';
import { OPENAPI } from '../../../../runtime/server/rest/openapi.js';

it('the guide and the OpenAPI document tell the same statuses of errors', () => {
  const guide = readFileSync(new URL('../../../../docs/serving.md', import.meta.url), 'utf8');
  const told = [...guide.matchAll(/^\| (\d{3}) /gm)].map(([, status]) => status);
  const { 200: _, ...failures } = OPENAPI.paths['/v2'].get.responses;
  expect(Object.keys(failures)).toEqual(told);
});

/** The routes of a server without models, as `GET /v2/models/{model}`; HEAD goes without saying. */
async function routes(): Promise<readonly string[]> {
  const plane = new DataPlane(
    new Map(),
    { workers: 1, maxQueue: 1, maxBatch: 1, maxDelay: 0, maxElements: 1 },
    0,
    { ran() {}, loaded() {}, unloaded() {}, refused() {} },
  );
  const limits = { maxBody: 1, maxInflight: 1, maxElements: 1, maxRequests: 1, deadline: 1, tokens: [] };
  const app = await restApp(new ServerCore(plane, new Metrics(() => plane), limits), { maxJson: 1 });
  await app.ready();
  const parts: string[] = [];
  const found = app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', part = '', methods = ''] =
        /^((?:[│ ] {3})*)[├└]── (\S+)(?: \((.*)\))?/.exec(line) ?? [];
      parts.splice(indent.length / 4, Number.POSITIVE_INFINITY, part);
      const path = parts.join('').replaceAll(/:(\w+)/g, '{$1}');
      return methods.split(', ').map((method) => `${method} ${path}`);
    });
  await app.close();
  return found.filter((route) => /^(?:GET|POST)/.test(route) && !route.startsWith('GET /docs'));
}

it('the document has every route, and no other', async () => {
  const told = Object.entries(OPENAPI.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const found = await routes();
  // Answered in the place of a model of that name.
  const others = told.filter((route) => route !== 'GET /v2/models/stats');
  expect([...found].sort()).toEqual([...others].sort());
  expect(found.length).toBeGreaterThan(20);
});
