import { answer, type Methods, type Request } from '../../threads/protocol.js';

/** What TypeScript's types of pages do not know. */
interface DedicatedWorker {
  onmessage: (event: MessageEvent<Request | null>) => void;
  onmessageerror: () => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** Answers calls from the page with these methods. */
export function serve(methods: Methods): void {
  const scope = globalThis as unknown as DedicatedWorker;
  // Nobody knows which call it was: told of an error, the page ends the worker, and all that it had fail.
  const unreadable = () => {
    throw new TypeError('a call could not be read');
  };
  scope.onmessageerror = unreadable;
  scope.onmessage = ({ data }) => {
    // So Chromium gives what it could not read.
    if (data === null) return unreadable();
    answer(methods, data, (message, transfer) => scope.postMessage(message, transfer));
  };
}
