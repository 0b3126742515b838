/** The browser API of nmode-onnx. Importing it does nothing, in a server as well; what needs a browser does. */

export { WEB_PROVIDERS, type WebProvider } from '../runtime/web/files.js';
export type { FileSource, ImageElement, ImageSource } from '../runtime/web/images/hand.js';
export { encodePng } from '../runtime/web/images/png.js';
export type { LoadProgress, ModelSource } from '../runtime/web/model.js';
export * from '../runtime/web/segmenter.js';
export {
  createSession,
  type ProviderReport,
  type Session,
  type SessionOptions,
} from '../runtime/web/sessions/session.js';
export * from './shared.js';
