import { expect, it } from '@jest/globals';
import { Queue } from '../../../runtime/sessions/queue.js';

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** Adds jobs that end when they are told to, and notes which worker does which. */
function traced(workers: readonly string[], isAlive?: (worker: string) => boolean) {
  const queue = new Queue(workers, isAlive);
  const done: string[] = [];
  const endings = new Map<string, () => void>();
  const add = (name: string, signal?: AbortSignal) =>
    queue.add(async (worker) => {
      done.push(`${name} by ${worker}`);
      await new Promise<void>((resolve) => endings.set(name, resolve));
      return name;
    }, signal);
  const end = async (name: string) => {
    endings.get(name)?.();
    await tick();
  };
  return { queue, done, add, end };
}

it('does jobs in the order in which they came', async () => {
  const { done, add, end } = traced(['a']);
  const jobs = ['1', '2', '3', '4'].map((name) => add(name));
  for (const name of ['1', '2', '3', '4']) await end(name);
  expect(await Promise.all(jobs)).toEqual(['1', '2', '3', '4']);
  expect(done).toEqual(['1 by a', '2 by a', '3 by a', '4 by a']);
});

it('gives each to the worker that has been idle longest', async () => {
  const { done, add, end } = traced(['a', 'b', 'c']);
  add('1');
  add('2');
  await end('2');
  await end('1');
  for (const name of ['3', '4', '5']) add(name);
  expect(done.slice(2)).toEqual(['3 by c', '4 by b', '5 by a']);
  for (const name of ['3', '4', '5']) await end(name);
});

it('drops a job that is aborted while it waits, and does those behind it', async () => {
  const { done, add, end } = traced(['a']);
  const controller = new AbortController();
  const [first, second, third] = [add('1'), add('2', controller.signal), add('3')];
  const dropped = expect(second).rejects.toThrow('enough');
  controller.abort(new Error('enough'));
  await dropped;
  await end('1');
  await end('3');
  expect(await Promise.all([first, third])).toEqual(['1', '3']);
  expect(done).toEqual(['1 by a', '3 by a']);
});

it('gives a worker that is lost no more of them while others are left', async () => {
  const lost = new Set(['a']);
  const { done, add, end } = traced(['a', 'b'], (worker) => !lost.has(worker));
  add('1');
  add('2');
  await end('1');
  await end('2');
  expect(done).toEqual(['1 by b', '2 by b']);
});

it('closing rejects those that wait, and ends when those under way have ended', async () => {
  const { queue, add, end } = traced(['a']);
  const [first, second] = [add('1'), add('2')];
  const rejected = expect(second).rejects.toMatchObject({ code: 'CANNOT_RUN' });
  const closing = queue.close();
  await rejected;
  await expect(add('3')).rejects.toMatchObject({ code: 'CANNOT_RUN' });
  await end('1');
  await closing;
  expect(await first).toBe('1');
});
