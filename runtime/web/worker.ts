/** A worker: reads images, or owns a session, whichever it is asked for. */
import { imageMethods } from '../images/image-methods.js';
import { sessionMethods } from '../sessions/session-methods.js';
import { answer, type Request } from '../threads/protocol.js';
import { checkBrowser, openWeb, type WebOpenOptions } from './onnxruntime.js';
import { readSource } from './read-source.js';

const methods = {
  ...imageMethods(readSource),
  ...sessionMethods<WebOpenOptions>({
    open: openWeb,
    openCpu: (model, options) => openWeb(model, { ...options, provider: 'wasm' }),
  }),
  checkBrowser,
};

export type WorkerMethods = typeof methods;

const scope = globalThis as unknown as DedicatedWorker;

/** What TypeScript's types of pages do not know. */
interface DedicatedWorker {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

scope.onmessage = ({ data }) => {
  answer(methods, data, (message, transfer) => scope.postMessage(message, transfer));
};
