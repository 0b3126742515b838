import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { onAbort, untilAborted } from '../../../runtime/common/abort.js';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

it('however many wait for a signal, it has one listener, and none when nobody does', async () => {
  const { signal } = new AbortController();
  const forget = Array.from({ length: 20 }, () => onAbort(signal, () => {}));
  expect(listeners(signal)).toBe(1);
  for (const each of forget) each();
  expect(listeners(signal)).toBe(0);
  expect(await untilAborted(Promise.resolve(5), signal)).toBe(5);
  await expect(untilAborted(Promise.reject(new Error('mine')), signal)).rejects.toThrow('mine');
  await Promise.resolve();
  expect(listeners(signal)).toBe(0);
});

it('an abort calls all back, and is told to who comes late', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = [1, 2].map(() => untilAborted(new Promise(() => {}), signal));
  controller.abort(new Error('enough'));
  for (const each of await Promise.allSettled(waiting))
    expect(each).toMatchObject({ reason: { message: 'enough' } });
  // What fails later is nobody's.
  await expect(untilAborted(Promise.reject(new Error('late')), signal)).rejects.toThrow('enough');
});
