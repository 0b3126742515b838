/** A worker: reads images, or owns a session, whichever it is asked for. */
import { imageMethods } from '../../images/image-methods.js';
import { sessionMethods } from '../../sessions/session-methods.js';
import { readSource } from '../images/read-source.js';
import { checkBrowser, openWeb, type WebOpenOptions } from '../sessions/onnxruntime.js';
import { serve } from './serve.js';

const methods = {
  ...imageMethods(readSource),
  ...sessionMethods<WebOpenOptions>({
    open: openWeb,
    openCpu: (model, options) => openWeb(model, { ...options, provider: 'wasm' }),
  }),
  checkBrowser,
  /** Reading images needs nothing but the browser. */
  warmUp: (): void => {},
};

export type WorkerMethods = typeof methods;

serve(methods);
