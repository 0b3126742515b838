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
  /** A provider is tried: what it needs is looked for and fetched. */
  | { readonly kind: 'try'; readonly provider: WebProvider }
  /** All has come: it is compiled, opened, compared. */
  | { readonly kind: 'open'; readonly provider: WebProvider }
  /** It does not work; the next is tried. */
  | { readonly kind: 'refuse'; readonly provider: WebProvider; readonly error: string }
  | { readonly kind: 'ready'; readonly provider: WebProvider };
