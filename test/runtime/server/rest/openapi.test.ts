import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { OPENAPI } from '../../../../runtime/server/rest/openapi.js';

it('the guide and the OpenAPI document tell the same statuses of errors', () => {
  const guide = readFileSync(new URL('../../../../docs/serving.md', import.meta.url), 'utf8');
  const told = [...guide.matchAll(/^\| (\d{3}) /gm)].map(([, status]) => status);
  const { 200: _, ...failures } = OPENAPI.paths['/v2'].get.responses;
  expect(Object.keys(failures)).toEqual(told);
});
