import { badUsage } from '../../graph/common/errors.js';
import { readOutline } from '../../graph/file/outline.js';
import { copyOf } from '../common/buffers.js';
import type { OpenProgress } from '../sessions/session.js';
import { download, nameOf } from './download.js';
import { pageUrl, type WebProvider } from './files.js';

/** An .onnx file: where it is, or what is in it. */
export type ModelSource = string | URL | Blob | ArrayBuffer | Uint8Array;

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

interface ModelOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** The output that is to come first. */
  readonly outputName?: string | undefined;
}

/**
 * Fetches a model, or copies the bytes that are given before this returns, and reads its outline; with what messages call it.
 * @throws NmodeError with its name: BAD_MODEL; BAD_USAGE where nothing is left of the bytes; the signal's reason
 */
export async function loadModel(source: ModelSource, options: ModelOptions) {
  const { bytes, name } = await contentsOf(source, options);
  return { bytes, name, outline: readOutline(bytes, name, options.outputName) };
}

async function contentsOf(source: ModelSource, { signal, onProgress }: ModelOptions) {
  const name = source instanceof File ? source.name : 'the model';
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    return { bytes: copyOf(source, name), name };
  }
  if (source instanceof Blob) return { bytes: new Uint8Array(await source.arrayBuffer()), name };
  if (typeof source !== 'string' && !(source instanceof URL)) {
    throw badUsage('expected the URL of a model, a Blob of one, or its bytes');
  }
  const url = pageUrl(source);
  const onBytes = (loaded: number, total: number | undefined) =>
    onProgress?.({ kind: 'download', file: 'model', loaded, total });
  const bytes = new Uint8Array(await download(url, { code: 'BAD_MODEL', signal, onBytes }));
  return { bytes, name: nameOf(url) };
}
