import { parentPort, workerData } from 'node:worker_threads';
import { answer, type Methods, type Request } from '../../threads/protocol.js';
import { type Activity, begin, end } from './activity.js';
import { collector } from './garbage.js';
import { giveWay } from './priority.js';
import { transferable } from './transferable.js';

/** Answers calls from the main thread with these methods. */
export function serve(methods: Methods): void {
  const port = parentPort;
  if (port === null) throw new TypeError('not in a thread');
  giveWay();
  const activity: Activity = workerData;
  const collect = collector();
  // Nobody knows which call it was: the thread ends, and all that it had fail.
  port.on('messageerror', (error) => {
    throw error;
  });
  port.on('message', async (request: Request) => {
    if (!begin(activity)) return;
    await answer(methods, request, (message, transfer) => port.postMessage(message, transferable(transfer)));
    end(activity);
    collect();
  });
}
