import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, parse } from 'node:path';
import { NmodeError, reason } from '../graph/errors.js';
import { encodePng, IMAGE_EXTENSIONS, readImage } from '../runtime/image.js';
import { coverage, overlay } from '../runtime/mask.js';
import { DEFAULT_THRESHOLD } from '../runtime/parity.js';
import { networkSize, segment } from '../runtime/segment.js';
import { createSession, type Session, type SessionOptions } from '../runtime/session.js';
import { loadModel } from './load-model.js';
import { makeFolder, refuseOverwriting, writeWhole } from './write-whole.js';

export interface PredictOptions extends SessionOptions {
  /** An .onnx file that takes one RGB image [N, 3, H, W]. */
  readonly model: string;
  /** Image files, and folders of them (not searched deeper). */
  readonly images: readonly string[];
  /** The folder for the masks; made where it does not exist. */
  readonly output: string;
  /** Also write the image with the mask laid over it. */
  readonly overlay?: boolean;
  /** A pixel belongs to the mask where its probability reaches this, 0..1; default 0.5. */
  readonly threshold?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Prediction {
  readonly image: string;
  /** One file a class. */
  readonly masks: readonly string[];
  readonly overlay?: string;
  /** Share of the image inside the mask, 0..1, by class. */
  readonly coverage: readonly number[];
  /** Decoding, the network, and writing. */
  readonly milliseconds: number;
}

export interface PredictReport {
  readonly predictions: readonly Prediction[];
  /** Images that could not be segmented; the others were. */
  readonly failures: readonly { readonly image: string; readonly error: NmodeError }[];
}

/**
 * Segments images into mask PNGs of each image's own size: `NAME_mask.png` (`NAME_mask_1.png`, ... with several
 * classes) and `NAME_overlay.png`.
 * @throws NmodeError (BAD_MODEL, BAD_IMAGE where there are none, BAD_USAGE, CANNOT_RUN, CANNOT_WRITE)
 */
export async function predict(options: PredictOptions): Promise<PredictReport> {
  const { threshold = DEFAULT_THRESHOLD, output, signal, onProgress } = options;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new NmodeError('BAD_USAGE', `threshold ${threshold} is not from 0 to 1`);
  }
  const { bytes } = await loadModel(options.model);
  const { images, failures } = await findImages(options.images);
  if (images.length === 0) return { predictions: [], failures };
  const session = await createSession(bytes, options);
  const predictions: Prediction[] = [];
  try {
    checkTakesImages(session, options.model);
    const classes = Number(session.outputs[0]?.shape[1]) || 1;
    const outputs = images.flatMap((image) => [
      ...maskFiles(output, image, classes),
      overlayFile(output, image),
    ]);
    await refuseOverwriting(outputs, images);
    await makeFolder(output);
    for (const [done, image] of images.entries()) {
      signal?.throwIfAborted();
      onProgress?.(done, images.length);
      try {
        predictions.push(await predictImage(session, image, { ...options, threshold }));
      } catch (error) {
        if (!(error instanceof NmodeError) || error.code !== 'BAD_IMAGE') throw error;
        failures.push({ image, error });
      }
    }
    onProgress?.(images.length, images.length);
  } finally {
    await session.close();
  }
  return { predictions, failures };
}

async function predictImage(
  session: Session,
  path: string,
  { output, threshold, overlay: drawn }: PredictOptions & { readonly threshold: number },
): Promise<Prediction> {
  const start = performance.now();
  const image = await readImage(path);
  const masks = await segment(session, image, threshold);
  const files = maskFiles(output, path, masks.length);
  for (const [index, file] of files.entries()) {
    const mask = masks[index];
    if (mask !== undefined) await writeWhole(file, await encodePng(mask));
  }
  const [first] = masks;
  const overlaid = drawn && first ? overlayFile(output, path) : undefined;
  if (overlaid !== undefined && first) await writeWhole(overlaid, await encodePng(overlay(image, first)));
  return {
    image: path,
    masks: files,
    ...(overlaid !== undefined && { overlay: overlaid }),
    coverage: masks.map(coverage),
    milliseconds: performance.now() - start,
  };
}

/** Where the masks of an image go, one a class. */
function maskFiles(output: string, image: string, classes: number): readonly string[] {
  const base = join(output, parse(image).name);
  return Array.from({ length: classes }, (_, i) =>
    classes === 1 ? `${base}_mask.png` : `${base}_mask_${i + 1}.png`,
  );
}

function overlayFile(output: string, image: string): string {
  return join(output, `${parse(image).name}_overlay.png`);
}

/** @throws NmodeError (BAD_MODEL) with the model's name */
function checkTakesImages(session: Session, model: string): void {
  try {
    networkSize(session);
  } catch (error) {
    throw new NmodeError('BAD_MODEL', `${basename(model)}: ${reason(error)}`, { cause: error });
  }
}

type Failure = PredictReport['failures'][number];

/** The images of files and folders, sorted within a folder. Two that would write the same mask are refused. */
async function findImages(
  paths: readonly string[],
): Promise<{ images: readonly string[]; failures: Failure[] }> {
  const found = new Set<string>();
  const failures: Failure[] = [];
  for (const path of paths) {
    try {
      for (const image of await imagesAt(path)) found.add(image);
    } catch (cause) {
      failures.push({
        image: path,
        error: new NmodeError('BAD_IMAGE', `${path}: ${reason(cause)}`, { cause }),
      });
    }
  }
  const byName = new Map<string, string>();
  for (const image of found) {
    const { name } = parse(image);
    const other = byName.get(name);
    if (other !== undefined) {
      throw new NmodeError('BAD_USAGE', `${other} and ${image} would both write ${name}_mask.png`);
    }
    byName.set(name, image);
  }
  return { images: [...found], failures };
}

/** The image itself, or the images in a folder. Hidden files are none. */
async function imagesAt(path: string): Promise<readonly string[]> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new Error(`cannot be read: ${reason(error)}`, { cause: error });
  });
  if (stats.isFile()) return [path];
  if (!stats.isDirectory()) throw new Error('neither a file nor a folder');
  const files = (await readdir(path)).filter(
    (file) => !file.startsWith('.') && IMAGE_EXTENSIONS.includes(extname(file).toLowerCase()),
  );
  if (files.length === 0) throw new Error(`holds no ${IMAGE_EXTENSIONS.join(', ')}`);
  return files.sort().map((file) => join(path, file));
}
