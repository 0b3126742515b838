import type { Answer, Methods } from '../../threads/protocol.js';
import { Thread } from '../../threads/thread.js';

/**
 * Calls the methods of a worker.
 * @param start starts it
 * @param owner what messages call it
 */
export function workerThread<M extends Methods>(start: () => Worker, owner: string): Thread<M> {
  return new Thread<M>(({ answered, lost }) => {
    const worker = start();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => answered(data);
    worker.onmessageerror = () => lost(`a worker of ${owner} was lost: it answered what cannot be read`);
    worker.onerror = (event) => {
      event.preventDefault();
      // A file that is not found or may not be run has no message.
      lost(
        event.message
          ? `a worker of ${owner} was lost: ${event.message}`
          : 'a worker did not start: is worker.js served, and may the page run it?',
      );
    };
    return {
      post: (request, give) => worker.postMessage(request, [...give] as Transferable[]),
      end: () => worker.terminate(),
    };
  }, owner);
}
