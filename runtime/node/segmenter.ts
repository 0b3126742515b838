import { basename } from 'node:path';
import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { checkOptions, type Kinds, oneOf, taken } from '../../graph/common/option-kinds.js';
import { copyOf } from '../common/buffers.js';
import { withCallbacks } from '../common/callbacks.js';
import { named, naming } from '../common/naming.js';
import { checkPixels, type ImageRaster } from '../common/raster.js';
import { type Handed, handPixels } from '../handed.js';
import { MASK_SIZES, type MaskSize, type ModelSpec } from '../images/job.js';
import { INPUT_KINDS, type InputSpecOptions } from '../input-spec.js';
import type { SegmentOptions, SharedSegmentation, SharedSegmented } from '../segmentation.js';
import { BaseSegmenter, partsOf, type SegmenterParts } from '../segmenter.js';
import type { FloatSession } from '../sessions/session.js';
import { Respawning } from '../threads/respawning.js';
import type { ChannelFiles } from './images/channels.js';
import { type ImageFile, isFile, type LocalFile, localFile } from './images/files.js';
import { loadSharp } from './images/sharp.js';
import {
  bytesOf,
  forImages,
  inputSpecOfModel,
  type LoadedModel,
  loadModel,
  type ModelSource,
  modelOf,
  networkOutput,
} from './model.js';
import { withPackages } from './packages.js';
import { isPath, pathOf } from './path-of.js';
import { refuseTooLarge } from './run-memory.js';
import {
  createSession,
  type ProviderReport,
  SESSION_KINDS,
  type SessionOptions,
} from './sessions/session.js';
import type { ImageMethods } from './threads/image-thread.js';
import { startThread } from './threads/thread.js';

/** A file or the bytes of one, several for the channels of an image in their order, or decoded pixels. */
export type ImageSource = ChannelFiles | ImageRaster;

/** What is found in an image: masks, and what options of the type `O` ask for beside them. */
export type Segmentation<O extends SegmentOptions = SegmentOptions> = SharedSegmentation<ProviderReport, O>;

/** One image of many: what was found, or why nothing was. */
export type Segmented<S, O extends SegmentOptions = SegmentOptions> = SharedSegmented<S, ProviderReport, O>;

export interface SegmenterOptions extends SessionOptions, InputSpecOptions {
  /** The size of masks: each image's own (default), or that of the network's input. */
  readonly at?: MaskSize;
}

export const SEGMENTER_KINDS: Kinds<SegmenterOptions> = {
  ...SESSION_KINDS,
  ...INPUT_KINDS,
  at: oneOf(MASK_SIZES),
};

/**
 * Turns images into masks: decodes, prepares and cuts in one thread, runs the network in others. Close it: it holds
 * native memory.
 */
export class Segmenter extends BaseSegmenter<ImageSource, ProviderReport> {
  /**
   * Loads a model that takes one image.
   * @param source an .onnx file, or its bytes, which are copied before this returns
   * @throws NmodeError: BAD_MODEL, BAD_USAGE, CANNOT_RUN; the signal's reason
   */
  static async load(source: ModelSource, options?: SegmenterOptions): Promise<Segmenter>;
  /** @internal */
  static async load(source: ModelSource | LoadedModel, options?: SegmenterOptions): Promise<Segmenter>;
  static async load(source: ModelSource | LoadedModel, options: SegmenterOptions = {}): Promise<Segmenter> {
    checkOptions(options, SEGMENTER_KINDS);
    options.signal?.throwIfAborted();
    return withCallbacks(options, (own) => Segmenter.#open(source, own));
  }

  static async #open(source: ModelSource | LoadedModel, options: SegmenterOptions): Promise<Segmenter> {
    // Bytes are sent to the threads before this returns: the caller may change them afterwards.
    const loaded = isLoaded(source)
      ? source
      : isPath(source)
        ? await loadModel(source, options)
        : modelOf(bytesOf(source));
    const { model, bytes, name } = forImages(loaded, options.outputName);
    const spec = naming(name, () => inputSpecOfModel(model, options));
    refuseTooLarge(model, name, spec);
    const { at = 'image' } = options;
    const run = at === 'network' ? naming(name, () => networkOutput(model, bytes, spec)) : bytes;
    const loading = createSession(run, { arena: keepsMemory(spec), ...taken(options, SESSION_KINDS) });
    return Segmenter.over(loading, { spec, name, at });
  }

  /**
   * A segmenter over a session that is being opened, which it closes with itself.
   * @throws what the session fails with; NmodeError (CANNOT_RUN)
   * @internal
   */
  static async over(
    loading: Promise<FloatSession<ProviderReport>>,
    model: Pick<SegmenterParts<ImageSource, ImageSource, ProviderReport>, 'spec' | 'name' | 'at'>,
  ): Promise<Segmenter> {
    const starting = startImages();
    await Promise.allSettled([loading, starting]);
    try {
      const [images, session] = [await starting, await loading];
      return new Segmenter(partsOf({ session, images, hand, nameOf, ...model }));
    } catch (error) {
      await Promise.allSettled([loading.then((open) => open.close()), starting.then((open) => open.close())]);
      throw named(model.name, error);
    }
  }
}

const isLoaded = (source: ModelSource | LoadedModel): source is LoadedModel =>
  ['model', 'bytes', 'name'].every((key) => key in Object(source));

/** What onnxruntime kept for an image of one size would not serve the next. */
export const keepsMemory = ({ recipe }: ModelSpec) => recipe.sizing.kind === 'resize';

/** A thread for images, ready to read. */
async function startImages(): Promise<Respawning<ImageMethods>> {
  // A thread that loads a native library needs it loaded in the main thread as well (sharp's documentation).
  await withPackages('segmenting images', loadSharp).catch((error: unknown) => {
    if (error instanceof NmodeError) throw error;
    throw new NmodeError('CANNOT_RUN', `sharp: ${reason(error)}`, { cause: error });
  });
  return Respawning.ready(() => startThread<ImageMethods>('image-thread', 'the segmenter'));
}

const nameOf = (source: ImageSource): string | undefined => {
  const [first] = isList(source) ? source : [source];
  return isPath(first) ? basename(pathOf(first, 'source')) : undefined;
};

const isList = (source: ImageSource): source is readonly ImageFile[] => Array.isArray(source);

const isLocal = (file: LocalFile | Promise<LocalFile>): file is LocalFile =>
  typeof file === 'string' || ArrayBuffer.isView(file);

type HandedImage = Handed<readonly LocalFile[] | ImageRaster>;

/** A copy for the thread, which may come to it late. @throws NmodeError (BAD_IMAGE, BAD_USAGE) */
function hand(source: ImageSource): HandedImage | Promise<HandedImage> {
  if (isFile(source)) return handFiles([source]);
  if (isList(source)) return handFiles(source);
  checkPixels(source, 'an image: its path or file: URL, a Blob, its bytes, a list of those of its channels');
  return handPixels(source);
}

/** @throws NmodeError (BAD_USAGE) for what is no file */
function handFiles(files: readonly ImageFile[]): HandedImage | Promise<HandedImage> {
  if (!files.every(isFile)) {
    throw badUsage('the list of the channels of an image takes paths, file: URLs, Blobs and bytes');
  }
  const handed = (own: readonly LocalFile[]): HandedImage => ({
    source: own,
    give: own.flatMap((file) => (typeof file === 'string' ? [] : [file.buffer as ArrayBuffer])),
  });
  const own: readonly (LocalFile | Promise<LocalFile>)[] = files.map((file) => {
    const local = localFile(file);
    return ArrayBuffer.isView(local) ? copyOf(local, 'the image') : local;
  });
  return own.every(isLocal) ? handed(own) : Promise.all(own).then(handed);
}
