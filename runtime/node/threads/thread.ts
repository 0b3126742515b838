import { getSystemErrorMap } from 'node:util';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { reason } from '../../../graph/common/errors.js';
import type { Answer, Methods } from '../../threads/protocol.js';
import { type Listener, Thread } from '../../threads/thread.js';
import { type Activity, idle, newActivity, waitAtExit } from './activity.js';
import { threadUrl } from './thread-url.js';
import { transferable } from './transferable.js';

/** A thread, and who listens to it. */
interface Running {
  readonly worker: Worker;
  readonly activity: Activity;
  listener?: Listener | undefined;
  isLost: boolean;
  timer?: NodeJS.Timeout;
}

/** Threads that nobody needs any more, by name, and for how many milliseconds one is kept. */
const kept = new Map<string, Running>();
const KEPT = 1000;

/**
 * Starts a thread. It keeps the process alive only while a call is under way, so that a program that forgets to close it
 * still ends.
 * @param name of the module that it runs
 * @param owner what messages call it
 * @param isKept whether it may be one that was closed before, and is kept for another for a second when it is closed: to start a
 *   thread takes ten times as long as to open a small model. Its methods must have released what it holds.
 */
export function startThread<M extends Methods>(name: string, owner: string, isKept = false): Thread<M> {
  return new Thread<M>(({ answered, lost }) => {
    const running = (isKept && taken(name)) || run(name);
    const { worker, activity } = running;
    let waiting = 0;
    const listener: Listener = {
      answered: (message) => {
        waiting--;
        answered(message);
      },
      lost: (why) => lost(`a thread of ${owner} was lost: ${why}`),
    };
    running.listener = listener;
    return {
      post: (request, give) => {
        worker.postMessage(request, transferable(give));
        waiting++;
      },
      busy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
      end: async () => {
        // Else another has it by now.
        if (running.listener !== listener) return;
        if (isKept && waiting === 0 && keep(name, running)) return;
        await idle(activity);
        await worker.terminate();
      },
    };
  }, owner);
}

function run(name: string): Running {
  const activity = newActivity();
  // Read by the native library in the thread, from the process's own environment: a thread's copy would not reach it.
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const worker = new Worker(threadUrl(name), { name: `nmode ${name}`, workerData: activity, env: SHARE_ENV });
  const running: Running = { worker, activity, isLost: false };
  const forget = waitAtExit(activity);
  const lose = (why: string) => {
    running.isLost = true;
    running.listener?.lost(why);
  };
  worker.unref();
  worker.on('message', (message: Answer) => running.listener?.answered(message));
  worker.on('error', (error) => lose(inWords(reason(error.message ?? error))));
  worker.on('messageerror', () => lose('it answered what cannot be read'));
  worker.on('exit', () => {
    forget();
    lose('it ended');
  });
  return running;
}

function taken(name: string): Running | undefined {
  const running = kept.get(name);
  kept.delete(name);
  clearTimeout(running?.timer);
  return running?.isLost ? undefined : running;
}

/** Whether it is kept: one is. */
function keep(name: string, running: Running): boolean {
  if (running.isLost || kept.has(name)) return false;
  running.listener = undefined;
  kept.set(name, running);
  running.timer = setTimeout(() => {
    kept.delete(name);
    void running.worker.terminate();
  }, KEPT).unref();
  return true;
}

/** A thread that cannot begin names the system's error alone; elsewhere Node says what it means. */
function inWords(problem: string): string {
  const name = /^Worker initialization failure: (\w+)$/.exec(problem)?.[1];
  const [, meaning] = [...getSystemErrorMap().values()].find(([known]) => known === name) ?? [];
  return meaning === undefined ? problem : `${problem}: ${meaning}`;
}
