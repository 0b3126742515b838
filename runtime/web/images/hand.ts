import { badImage, reason } from '../../../graph/common/errors.js';
import { copyOf, refuseGone } from '../../common/buffers.js';
import { checkPixels, type ImageRaster } from '../../common/raster.js';
import { type Handed, handPixels } from '../../segmenter.js';
import { download, nameOf } from '../download.js';
import { pageUrl } from '../files.js';
import { BITMAP_OPTIONS } from './pixels.js';

/** What of a page holds an image. */
type ImageElement = HTMLImageElement | HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas;

/** An image: where it is, a file, the bytes of one, decoded pixels, or what shows them. */
export type ImageSource =
  | string
  | URL
  | Blob
  | ArrayBuffer
  | Uint8Array
  | ImageData
  | ImageBitmap
  | ImageElement
  | ImageRaster;

/** What a worker is given of it. */
export type WorkerSource = Blob | Uint8Array | ImageData | ImageBitmap | ImageRaster;

/**
 * Makes an image ready for a worker, which sees no elements. What it is made of stays the caller's: bytes and pixels are
 * copied, and of an element that shows an image a picture is taken, before this returns.
 * @throws NmodeError: BAD_IMAGE, BAD_USAGE; the signal's reason
 */
export function hand(
  source: ImageSource,
  signal?: AbortSignal,
): Handed<WorkerSource> | Promise<Handed<WorkerSource>> {
  if (typeof source === 'string' || source instanceof URL) return fetched(pageUrl(source), signal);
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    const bytes = copyOf(source, 'the image');
    return { source: bytes, give: [bytes.buffer] };
  }
  if (source instanceof ImageData) refuseGone(source.data, 'the pixels');
  if (source instanceof Blob || source instanceof ImageData || source instanceof ImageBitmap)
    return { source };
  if (isElement(source)) return pictured(source);
  checkPixels(
    source,
    'an image: its URL, a Blob, its bytes, ImageData, an ImageBitmap, an image, video or canvas element',
  );
  return handPixels(source);
}

async function fetched(url: URL, signal: AbortSignal | undefined): Promise<Handed<WorkerSource>> {
  return { source: new File([await download(url, { code: 'BAD_IMAGE', signal })], nameOf(url)) };
}

/** What messages call an image, where it has a name. */
export function sourceName(source: ImageSource): string | undefined {
  if (typeof source === 'string' || source instanceof URL) return nameOf(pageUrl(source));
  return source instanceof File ? source.name : undefined;
}

/** A worker has but the last of these. */
const ELEMENTS = ['HTMLImageElement', 'HTMLVideoElement', 'HTMLCanvasElement', 'OffscreenCanvas'] as const;

function isElement(source: unknown): source is ImageElement {
  return ELEMENTS.some((name) => name in globalThis && source instanceof globalThis[name]);
}

/** @throws NmodeError (BAD_IMAGE) for an element that shows nothing, or what a page from elsewhere drew */
async function pictured(element: ImageElement): Promise<Handed<WorkerSource>> {
  try {
    // One that is there already may show another image after this.
    if ('decode' in element && !element.complete) await element.decode();
    const bitmap = await createImageBitmap(element, BITMAP_OPTIONS);
    return { source: bitmap, give: [bitmap] };
  } catch (error) {
    throw badImage(`the element's image cannot be read: ${reason(error)}`, {
      cause: error,
    });
  }
}
