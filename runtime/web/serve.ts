import { answer, type Methods, type Request } from '../threads/protocol.js';

/** What TypeScript's types of pages do not know. */
interface DedicatedWorker {
  onmessage: (event: MessageEvent<Request>) => void;
  onmessageerror: () => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** Answers calls from the page with these methods. */
export function serve(methods: Methods): void {
  const scope = globalThis as unknown as DedicatedWorker;
  // Nobody knows which call it was: told of an error, the page ends the worker, and all that it had fail.
  scope.onmessageerror = () => {
    throw new TypeError('a call could not be read');
  };
  scope.onmessage = ({ data }) => {
    answer(methods, data, (message, transfer) => scope.postMessage(message, transfer));
  };
}
