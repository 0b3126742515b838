import { afterAll } from '@jest/globals';
import type { GraphOptimization } from '../../runtime/node/sessions/native.js';
import { parseProvider } from '../../runtime/node/sessions/providers.js';
import type { Session } from '../../runtime/node/sessions/session.js';
import type { SessionMethods } from '../../runtime/node/threads/session-thread.js';
import { startThread } from '../../runtime/node/threads/thread.js';
import { sessionOf } from '../../runtime/sessions/session.js';

/**
 * Opens models on the CPU, one after another, in one thread for the tests of a file: to start a thread takes ten times as long as to
 * open a small model.
 */
export function sessionsInOneThread() {
  const thread = startThread<SessionMethods>('session-thread', 'the session');
  afterAll(() => thread.close());
  return async (model: Uint8Array, graphOptimization: GraphOptimization): Promise<Session> => {
    await thread.call('load', model);
    const own = { provider: parseProvider('cpu'), graphOptimization, threads: 1, arena: true };
    const opened = await thread.call('open', { own, warmUp: false });
    const provider = { requested: ['cpu'], effective: 'cpu', attempts: [] } as const;
    const close = () => thread.call('release', undefined);
    return { ...sessionOf([thread], opened, provider, 1), close, [Symbol.asyncDispose]: close };
  };
}
