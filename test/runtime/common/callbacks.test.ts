import { setTimeout } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { withCallbacks } from '../../../runtime/common/callbacks.js';

interface Options {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => unknown;
}

const gone = new Error('the disk is full');

/** Three steps, each of which looks at the signal. */
async function steps({ signal, onProgress }: Options): Promise<string> {
  for (let done = 1; done <= 3; done++) {
    onProgress?.(done);
    await setTimeout(1);
    signal?.throwIfAborted();
  }
  return 'done';
}

it('is given the options themselves where none is a callback', async () => {
  const options: Options = { signal: new AbortController().signal };
  expect(await withCallbacks(options, async (own) => own)).toBe(options);
});

it('waits for callbacks that are async', async () => {
  const ended: number[] = [];
  const onProgress = async (done: number) => {
    await setTimeout(20);
    ended.push(done);
  };
  expect(await withCallbacks({ onProgress }, steps)).toBe('done');
  expect(ended).toEqual([1, 2, 3]);
});

it.each([
  [1, [1]],
  [3, [1, 2, 3]],
])('rejects with what a callback rejects with, at step %j', async (bad, expected) => {
  const told: number[] = [];
  const onProgress = async (done: number) => {
    told.push(done);
    if (done === bad) throw gone;
  };
  await expect(withCallbacks({ onProgress }, steps)).rejects.toBe(gone);
  expect(told).toEqual(expected);
});

it('rejects with what the last callback rejects with, and lets go of what was opened', async () => {
  let closed = 0;
  const onProgress = async () => {
    await setTimeout(5);
    throw gone;
  };
  const open = async (options: Options) => {
    options.onProgress?.(1);
    return { close: async () => void closed++ };
  };
  await expect(withCallbacks({ onProgress }, open)).rejects.toBe(gone);
  expect(closed).toBe(1);
});

it('still stops by the signal, and by what a callback throws', async () => {
  const stop = new AbortController();
  const onProgress = () => stop.abort(gone);
  await expect(withCallbacks({ onProgress, signal: stop.signal }, steps)).rejects.toBe(gone);
  const thrown = () => {
    throw gone;
  };
  await expect(withCallbacks({ onProgress: thrown }, steps)).rejects.toBe(gone);
});
