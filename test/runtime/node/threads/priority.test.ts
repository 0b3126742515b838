import { getPriority } from 'node:os';
import { setEnvironmentData } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBehind } from '../../../../runtime/node/threads/priority.js';
import { startFragile } from '../../../support/fragile.js';

// Also what servers of other tests in this process left.
const reset = () => setEnvironmentData('nmode.niceness', undefined);
beforeAll(reset);
afterAll(reset);

async function priorityOfThread(): Promise<number> {
  const thread = startFragile();
  const priority = await thread.call('priority', undefined);
  await thread.close();
  return priority;
}

describe('threads', () => {
  it('have the priority of the one that started them, and a lower one behind a server', async () => {
    const own = getPriority();
    expect(await priorityOfThread()).toBe(own);
    startBehind();
    const isLower = process.platform === 'linux';
    expect(await priorityOfThread()).toBe(isLower ? Math.min(19, own + 12) : own);
    expect(getPriority()).toBe(own);
  });
});
