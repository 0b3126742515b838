import type { Answer, Methods } from '../threads/protocol.js';
import { Thread } from '../threads/thread.js';
import { startWorker } from './files.js';

/**
 * Starts a worker.
 * @param assets the folder of its file, where the bundler did not place it
 * @param owner what messages call it
 */
export function startThread<M extends Methods>(assets: URL | undefined, owner: string): Thread<M> {
  return new Thread<M>(({ answered, lost }) => {
    const worker = startWorker(assets);
    worker.onmessage = ({ data }: MessageEvent<Answer>) => answered(data);
    worker.onmessageerror = () => lost('a worker answered what cannot be read');
    worker.onerror = (event) => {
      event.preventDefault();
      // A file that is not found or may not be run has no message.
      lost(
        event.message
          ? `a worker failed: ${event.message}`
          : 'a worker did not start: is worker.js served, and may the page run it?',
      );
    };
    return {
      post: (request, give) => worker.postMessage(request, [...give] as Transferable[]),
      end: () => worker.terminate(),
    };
  }, owner);
}
