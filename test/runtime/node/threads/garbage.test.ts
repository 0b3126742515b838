import { setTimeout } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { collector } from '../../../../runtime/node/threads/garbage.js';

/** The most bytes of buffers that are held beyond those of before, while 64 of a MiB are made and left. */
async function mostHeld(afterEach: () => void): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let i = 0; i < 64; i++) {
    structuredClone(new ArrayBuffer(2 ** 20));
    afterEach();
    // What is collected is freed in the background.
    await setTimeout(1);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  return most;
}

it('collects buffers that V8 would leave', async () => {
  expect(await mostHeld(collector())).toBeLessThan(2 ** 24 + 2 ** 22);
  expect(globalThis).not.toHaveProperty('gc');
});
