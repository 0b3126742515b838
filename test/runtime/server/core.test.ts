import { expect, it } from '@jest/globals';
import { NmodeError } from '../../../graph/common/errors.js';
import { Tokens } from '../../../runtime/server/admission/tokens.js';
import { ServerCore } from '../../../runtime/server/core.js';
import type { DataPlane } from '../../../runtime/server/data-plane.js';
import { failureReason } from '../../../runtime/server/failures.js';
import type { Metrics } from '../../../runtime/server/metrics.js';

const limits = { maxBody: 1, maxInflight: 1, maxElements: 1, maxRequests: 2, deadline: 1, tokens: [] };

it('counts requests whatever transport carries them, and admits none once it drains', () => {
  const dataPlane = { draining: false };
  const core = new ServerCore(dataPlane as DataPlane, {} as Metrics, limits);
  const leave = core.enter();
  core.enter();
  expect(() => core.enter()).toThrow('2 requests are already in progress');
  leave();
  core.enter();
  dataPlane.draining = true;
  expect(() => core.enter()).toThrow('the server is shutting down: try again later');
});

it('accepts any of its tokens, and everybody where there are none', () => {
  const tokens = new Tokens(['one', 'two']);
  const given = ['Bearer one', 'bearer two', 'Bearer three', 'one', 'Bearer ', undefined];
  expect(given.map((authorization) => tokens.accept(authorization))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(new Tokens([]).accept()).toBe(true);
});

it.each([
  ['OVERLOADED', 'REJECTED'],
  ['DEADLINE', 'CANCELED'],
  ['INTERRUPTED', 'CANCELED'],
  ['CANNOT_RUN', 'BACKEND'],
  ['BAD_USAGE', 'OTHER'],
] as const)('a request that fails with %s counts as %s', (code, why) => {
  expect(failureReason(new NmodeError(code, 'why'))).toBe(why);
  expect(failureReason(new TypeError('why'))).toBe('OTHER');
});
