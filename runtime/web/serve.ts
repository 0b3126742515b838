import { answer, type Methods, type Request } from '../threads/protocol.js';

/** What TypeScript's types of pages do not know. */
interface DedicatedWorker {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** Answers calls from the page with these methods. */
export function serve(methods: Methods): void {
  const scope = globalThis as unknown as DedicatedWorker;
  scope.onmessage = ({ data }) => {
    answer(methods, data, (message, transfer) => scope.postMessage(message, transfer));
  };
}
