import { badImage, badUsage, reason } from '../../../graph/common/errors.js';
import { copyOf, refuseGone } from '../../common/buffers.js';
import { checkPixels, type ImageRaster } from '../../common/raster.js';
import { type Handed, handPixels } from '../../handed.js';
import { download, nameOf } from '../download.js';
import { pageUrl } from '../files.js';
import { BITMAP_OPTIONS } from './pixels.js';

/** What of a page holds an image. */
export type ImageElement = HTMLImageElement | HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas;

/** A file: where it is, itself, or its bytes. */
export type FileSource = string | URL | Blob | ArrayBuffer | Uint8Array;

/** An image: a file, the list of those of its channels, decoded pixels, or what shows them. */
export type ImageSource =
  | FileSource
  | readonly FileSource[]
  | ImageData
  | ImageBitmap
  | ImageElement
  | ImageRaster;

/** What a worker is given of it. */
export type WorkerSource = WorkerFile | readonly WorkerFile[] | ImageData | ImageBitmap | ImageRaster;

type WorkerFile = Blob | Uint8Array;

/**
 * Makes an image ready for a worker, which sees no elements. What it is made of stays the caller's: bytes and pixels are
 * copied, and of an element that shows an image a picture is taken, before this returns.
 * @throws NmodeError: BAD_IMAGE, BAD_USAGE; the signal's reason
 */
export function hand(
  source: ImageSource,
  signal?: AbortSignal,
): Handed<WorkerSource> | Promise<Handed<WorkerSource>> {
  if (isFile(source)) return handFile(source, signal);
  if (isList(source)) return handFiles(source, signal);
  if (source instanceof ImageData) refuseGone(source.data, 'the pixels');
  if (source instanceof ImageData || source instanceof ImageBitmap) return { source };
  if (isElement(source)) return pictured(source);
  checkPixels(
    source,
    'an image: its URL, a Blob, its bytes, a list of those of its channels, ImageData, an ImageBitmap, an image, video or canvas element',
  );
  return handPixels(source);
}

const isList = (source: ImageSource): source is readonly FileSource[] => Array.isArray(source);

const isFile = (source: unknown): source is FileSource =>
  typeof source === 'string' || [URL, Blob, ArrayBuffer, Uint8Array].some((kind) => source instanceof kind);

function handFile(
  source: FileSource,
  signal: AbortSignal | undefined,
): Handed<WorkerFile> | Promise<Handed<WorkerFile>> {
  if (typeof source === 'string' || source instanceof URL) return fetched(pageUrl(source), signal);
  if (source instanceof Blob) return { source };
  const bytes = copyOf(source, 'the image');
  return { source: bytes, give: [bytes.buffer] };
}

/** The files of an image's channels: bytes are copied at once. @throws NmodeError (BAD_USAGE) for what is not a file */
async function handFiles(
  sources: readonly FileSource[],
  signal: AbortSignal | undefined,
): Promise<Handed<readonly WorkerFile[]>> {
  if (!sources.every(isFile)) {
    throw badUsage('the list of the channels of an image takes URLs, Blobs and bytes');
  }
  const handed = await Promise.all(sources.map((source) => handFile(source, signal)));
  return { source: handed.map(({ source }) => source), give: handed.flatMap(({ give = [] }) => give) };
}

async function fetched(url: URL, signal: AbortSignal | undefined): Promise<Handed<File>> {
  return { source: new File([await download(url, { code: 'BAD_IMAGE', signal })], nameOf(url)) };
}

/** What messages call an image, where it has a name. */
export function sourceName(source: ImageSource): string | undefined {
  const [first] = isList(source) ? source : [];
  if (first !== undefined) return sourceName(first);
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
    throw badImage(`the element's image cannot be read: ${reason(error)}`, { cause: error });
  }
}
