import { afterEach, expect, it } from '@jest/globals';
import { Deadline } from '../../../../runtime/server/admission/deadline.js';

const { signal: ending } = new AbortController();
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let deadline: Deadline;
const begin = (within: number) => {
  deadline = new Deadline(within, ending, () => 0);
  return deadline;
};
afterEach(() => deadline.end(true));

it('what is left grows less from its start on, also where it is shortened', async () => {
  begin(60_000);
  await wait(5);
  const { left } = deadline;
  expect(left).toBeLessThan(60_000);
  deadline.shorten(50_000);
  expect(deadline.left).toBeLessThan(left - 9_000);
  expect(deadline.signal.aborted).toBe(false);
});

it('a time that has passed already ends it at once', async () => {
  begin(60_000);
  await wait(5);
  deadline.shorten(2);
  expect(deadline.signal.reason).toMatchObject({ code: 'DEADLINE', message: 'no response within 2 ms' });
  expect(deadline.left).toBe(0);
});

it('a client that leaves aborts it, and one that has its answer does not', () => {
  begin(60_000).end(true);
  expect(deadline.signal.aborted).toBe(false);
  begin(60_000).end(false);
  expect(deadline.signal.reason).toMatchObject({ code: 'INTERRUPTED', message: 'the client disconnected' });
});
