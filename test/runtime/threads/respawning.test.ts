import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Respawning } from '../../../runtime/threads/respawning.js';
import { type FragileMethods, startBroken, startFragile } from '../../support/fragile.js';

/** Threads that are started, and how many were. */
function counting(start: typeof startFragile) {
  const threads: ReturnType<typeof startFragile>[] = [];
  return {
    threads,
    start: () => {
      const thread = start();
      threads.push(thread);
      return thread;
    },
  };
}

const lost = { code: 'CANNOT_RUN', message: 'a thread of the test was lost: it ended' };

afterEach(() => {
  jest.useRealTimers();
});

describe('a thread that is lost', () => {
  it('fails what it had, and another does what comes next', async () => {
    const { start, threads } = counting(startFragile);
    const respawning = await Respawning.ready<FragileMethods>(start);
    expect(respawning.alive).toBe(true);
    const { current } = respawning;
    const had = [current.call('never', undefined), current.call('exit', undefined)];
    for (const result of await Promise.allSettled(had)) expect(result).toMatchObject({ reason: lost });
    // Work of several calls does not go on in a thread that knows nothing of it.
    await expect(current.call('echo', 1)).rejects.toMatchObject(lost);
    expect(await respawning.current.call('echo', 'next')).toBe('next');
    expect(respawning.alive).toBe(true);
    expect(threads).toHaveLength(2);
    await respawning.close();
  });

  it('is replaced without a next call', async () => {
    const { start, threads } = counting(startFragile);
    const respawning = await Respawning.ready<FragileMethods>(start);
    await respawning.current.call('exit', undefined).catch(() => {});
    expect(threads).toHaveLength(2);
    while (!respawning.alive) await new Promise(setImmediate);
    await respawning.close();
  });

  it('again and again is started after pauses that grow, in which calls fail at once', async () => {
    const { start, threads } = counting(startBroken);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const respawning = new Respawning<FragileMethods>(start);
    const ended = async (count: number) => {
      while (threads.length < count || threads.at(-1)?.alive) await new Promise(setImmediate);
    };
    // The first loss is mended at once.
    await ended(2);
    for (const [pause, count] of [
      [4000, 3],
      [8000, 4],
      [16_000, 5],
    ] as const) {
      await expect(respawning.current.call('echo', 1)).rejects.toThrow('it does not start');
      expect(respawning.alive).toBe(false);
      jest.advanceTimersByTime(pause - 1);
      expect(threads).toHaveLength(count - 1);
      jest.advanceTimersByTime(1);
      await ended(count);
      expect(threads).toHaveLength(count);
    }
    await respawning.close();
    jest.advanceTimersByTime(60_000);
    expect(threads).toHaveLength(5);
  });

  it('before it is ready fails who waits for that, and no other is started', async () => {
    const { start, threads } = counting(startBroken);
    await expect(Respawning.ready<FragileMethods>(start)).rejects.toThrow(
      'a thread of the test was lost: it does not start',
    );
    expect(threads).toHaveLength(1);
  });
});

it('closed, it starts no other', async () => {
  const { start, threads } = counting(startFragile);
  const respawning = await Respawning.ready<FragileMethods>(start);
  const had = respawning.current.call('exit', undefined);
  const closing = respawning.close();
  await expect(had).rejects.toMatchObject(lost);
  await closing;
  await respawning.close();
  await expect(respawning.current.call('echo', 1)).rejects.toThrow('the test is closed');
  expect(threads).toHaveLength(1);
});
