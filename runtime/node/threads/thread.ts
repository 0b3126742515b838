import { getSystemErrorMap } from 'node:util';
import { SHARE_ENV, type Transferable, Worker } from 'node:worker_threads';
import { reason } from '../../../graph/common/errors.js';
import type { Answer, Methods } from '../../threads/protocol.js';
import { Thread } from '../../threads/thread.js';
import { idle, newActivity, waitAtExit } from './activity.js';
import { threadUrl } from './thread-url.js';

/**
 * Starts a thread. It keeps the process alive only while a call is under way, so that a program that forgets to close it
 * still ends.
 * @param name of the module that it runs
 * @param owner what messages call it
 */
export function startThread<M extends Methods>(name: string, owner: string): Thread<M> {
  return new Thread<M>(({ answered, lost }) => {
    const activity = newActivity();
    // Read by the native library in the thread, from the process's own environment: a thread's copy would not reach it.
    process.env.ORT_DISABLE_TELEMETRY ??= '1';
    const worker = new Worker(threadUrl(name), {
      name: `nmode ${name}`,
      workerData: activity,
      env: SHARE_ENV,
    });
    const forget = waitAtExit(activity);
    const lose = (why: string) => lost(`a thread of ${owner} was lost: ${why}`);
    worker.unref();
    worker.on('message', (message: Answer) => answered(message));
    worker.on('error', (error) => lose(inWords(reason(error.message ?? error))));
    worker.on('messageerror', () => lose('it answered what cannot be read'));
    worker.on('exit', () => {
      forget();
      lose('it ended');
    });
    return {
      post: (request, give) => worker.postMessage(request, give as readonly Transferable[]),
      busy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
      end: async () => {
        await idle(activity);
        await worker.terminate();
      },
    };
  }, owner);
}

/** A thread that cannot begin names the system's error alone; elsewhere Node says what it means. */
function inWords(problem: string): string {
  const name = /^Worker initialization failure: (\w+)$/.exec(problem)?.[1];
  const [, meaning] = [...getSystemErrorMap().values()].find(([known]) => known === name) ?? [];
  return meaning === undefined ? problem : `${problem}: ${meaning}`;
}
