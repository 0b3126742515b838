import { startThread } from '../../runtime/node/threads/thread.js';
import type { Floats } from '../../runtime/sessions/tensors.js';

/** What a thread of `fragile-thread.js` can be asked. */
export type FragileMethods = {
  warmUp(): void;
  echo(value: unknown): unknown;
  priority(): number;
  id(): number;
  never(): void;
  exit(): void;
  fail(): void;
  failWithText(): void;
  answerNothing(): void;
  release(): void;
  run(request: object): { outputs: Record<string, Floats> };
};

export const startFragile = (isKept = false) =>
  startThread<FragileMethods>('../../../../test/support/fragile-thread', 'the test', isKept);

export const startBroken = () =>
  startThread<FragileMethods>('../../../../test/support/broken-thread', 'the test');
