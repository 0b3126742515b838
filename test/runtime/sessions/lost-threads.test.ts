import { expect, it } from '@jest/globals';
import { type SharedProviderReport, sessionOf } from '../../../runtime/sessions/session.js';
import type { Floats, InputTensor } from '../../../runtime/sessions/tensors.js';
import { startFragile } from '../../support/fragile.js';

const one: Floats = { dims: [1], data: Float32Array.of(1) };
const exit: InputTensor = { dims: [1], data: ['exit'] };
const provider: SharedProviderReport = { requested: ['cpu'], effective: 'cpu', attempts: [] };
const lost = { code: 'CANNOT_RUN', message: 'a thread of the test was lost: it ended' };

/** A session of threads that answer numbers, and end for the text `exit`. */
function fragile(workers: number) {
  const threads = Array.from({ length: workers }, startFragile);
  const session = sessionOf(
    threads as never,
    { inputs: [{ name: 'x', dtype: 'any', shape: [1] }], outputs: [] },
    provider,
    1,
  );
  return { threads, session };
}

it('one thread of two that is lost fails its run and gets no more', async () => {
  const { session, threads } = fragile(2);
  await using _ = session;
  const [dead, ...runs] = [{ x: exit }, ...Array.from({ length: 6 }, () => ({ x: one }))].map((inputs) =>
    session.run(inputs),
  );
  await expect(dead).rejects.toMatchObject(lost);
  expect(await Promise.all(runs)).toEqual(Array.from({ length: 6 }, () => ({ y: one })));
  expect(threads.map(({ alive }) => alive)).toEqual([false, true]);
  // More than one, so that each thread's turn comes.
  for (let i = 0; i < 3; i++) expect(await session.run({ x: one })).toEqual({ y: one });
  expect(session.alive).toBe(true);
});

it('without threads all runs fail at once, those that wait as well, and it can be closed', async () => {
  const { session } = fragile(2);
  const runs = [{ x: exit }, { x: exit }, { x: one }, { x: one }].map((inputs) => session.run(inputs));
  for (const result of await Promise.allSettled(runs)) expect(result).toMatchObject({ reason: lost });
  expect(session.alive).toBe(false);
  await expect(session.run({ x: one })).rejects.toMatchObject(lost);
  await session.close();
  await expect(session.run({ x: one })).rejects.toThrow('the session is closed');
});

it('a thread that is lost while nothing runs fails nothing', async () => {
  const { session, threads } = fragile(2);
  await using _ = session;
  await threads[0]?.call('exit', undefined).catch(() => {});
  for (let i = 0; i < 3; i++) expect(await session.run({ x: one })).toEqual({ y: one });
});
