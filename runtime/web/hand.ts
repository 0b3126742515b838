import { NmodeError, reason } from '../../graph/errors.js';
import { checkPixels, type RgbImage } from '../images/raster.js';
import type { Handed } from '../segmenter.js';
import { download, nameOf } from './download.js';
import { pageUrl } from './files.js';
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
  | RgbImage;

/** What a worker is given of it. */
export type WorkerSource = Blob | ImageData | ImageBitmap | RgbImage;

/**
 * Makes an image ready for a worker, which sees no elements. What it is made of stays the caller's.
 * @throws NmodeError: BAD_IMAGE, BAD_USAGE; the signal's reason
 */
export async function hand(source: ImageSource, signal?: AbortSignal): Promise<Handed<WorkerSource>> {
  if (typeof source === 'string' || source instanceof URL) {
    const url = pageUrl(source);
    return { source: new File([await download(url, { code: 'BAD_IMAGE', signal })], nameOf(url)) };
  }
  if (source instanceof ArrayBuffer) return { source: new Blob([source]) };
  if (source instanceof Uint8Array) return { source: new Blob([source.slice()]) };
  if (source instanceof Blob || source instanceof ImageData || source instanceof ImageBitmap)
    return { source };
  if (isElement(source)) {
    const bitmap = await snapshot(source);
    return { source: bitmap, give: [bitmap] };
  }
  checkPixels(
    source,
    'an image: its URL, a Blob, its bytes, ImageData, an ImageBitmap, an image, video or canvas element',
  );
  return { source };
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
async function snapshot(element: ImageElement): Promise<ImageBitmap> {
  try {
    if ('decode' in element) await element.decode();
    return await createImageBitmap(element, BITMAP_OPTIONS);
  } catch (error) {
    throw new NmodeError('BAD_IMAGE', `the element's image cannot be read: ${reason(error)}`, {
      cause: error,
    });
  }
}
