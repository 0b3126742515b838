import { parentPort, type Transferable, workerData } from 'node:worker_threads';
import { NmodeError, reason } from '../../graph/errors.js';
import { type Activity, begin, end } from './activity.js';
import type { Answer, Methods, Request } from './protocol.js';

/** The buffers of an answer, which are given away instead of copied: a thread keeps nothing that it has answered. */
function buffersOf(value: unknown, found = new Set<Transferable>()): ReadonlySet<Transferable> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return found;
}

/** Answers calls from the main thread with these methods. */
export function serve(methods: Methods): void {
  const port = parentPort;
  if (port === null) throw new TypeError('not in a thread');
  const send = (answer: Answer) => port.postMessage(answer, [...buffersOf(answer)]);
  const activity: Activity = workerData;
  port.on('message', async ({ id, method, argument }: Request) => {
    if (!begin(activity)) return;
    try {
      send({ id, value: await methods[method]?.(argument as never) });
    } catch (error) {
      const code = error instanceof NmodeError ? error.code : 'CANNOT_RUN';
      send({ id, error: { code, message: reason(error) } });
    } finally {
      end(activity);
    }
  });
}
