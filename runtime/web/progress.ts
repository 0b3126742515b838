import type { OpenProgress } from '../sessions/progress.js';
import type { WebProvider } from './files.js';

/** How far the loading of a model is. */
export type LoadProgress =
  /** Bytes of the model or of onnxruntime have come; `total` where it is known. */
  | {
      readonly kind: 'download';
      readonly file: 'model' | 'onnxruntime';
      readonly loaded: number;
      readonly total: number | undefined;
    }
  | OpenProgress<WebProvider>;
