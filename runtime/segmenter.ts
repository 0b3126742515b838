import { imageFault, NmodeError, reason } from '../graph/errors.js';
import type { Recipe } from '../graph/recipe.js';
import { onAbort } from './abort.js';
import { type FormOptions, formOf } from './form.js';
import type { ImageFile } from './images/files.js';
import type { Finished, FinishOptions, ModelForm } from './images/job.js';
import type { Mask, RgbImage } from './images/raster.js';
import { loadSharp } from './images/sharp.js';
import { inOrder } from './in-order.js';
import { type LoadedModel, loadModel, naming } from './model.js';
import { networkOutput } from './network-output.js';
import { finishOptions, type SegmentOptions } from './segment-options.js';
import { createSession, type ProviderReport, type Session, type SessionOptions } from './sessions/session.js';
import type { Bytes, Floats } from './sessions/tensors.js';
import type { ImageMethods } from './threads/image-thread.js';
import { Thread } from './threads/thread.js';

/** A file, the bytes of one, or decoded pixels. */
export type ImageSource = ImageFile | RgbImage;

export interface SegmenterOptions extends SessionOptions, FormOptions {
  /** The size of masks: each image's own (default), or that of the network's input. */
  readonly at?: FinishOptions['at'];
}

/** Where the time went, in milliseconds. Stages of several images overlap: their sum is no throughput. */
export interface Timings {
  readonly decode: number;
  readonly preprocess: number;
  /** Waiting for a worker to be idle. */
  readonly queue: number;
  readonly inference: number;
  readonly postprocess: number;
  /** From the call to the answer. */
  readonly total: number;
}

type Stages = { -readonly [K in Exclude<keyof Timings, 'decode' | 'total'>]: number };

export interface Segmentation extends Finished {
  /** Of the image, upright. */
  readonly width: number;
  readonly height: number;
  /** The first class's. */
  readonly mask: Mask;
  /** Runs of the network: more than one where the image was cut into tiles. */
  readonly tiles: number;
  readonly timings: Timings;
  /** The provider that ran it. */
  readonly provider: ProviderReport['effective'];
}

/** One image of many: what was found, or why nothing was. */
export type Segmented<S> =
  | { readonly source: S; readonly segmentation: Segmentation }
  | { readonly source: S; readonly error: NmodeError };

/**
 * Turns images into masks: decodes, prepares and cuts in one thread, runs the network in others. Close it: it holds
 * native memory.
 */
export class Segmenter {
  readonly #session: Session;
  readonly #images: Thread<ImageMethods>;
  readonly #input: string;
  readonly #form: ModelForm;
  readonly #options: Pick<FinishOptions, 'at'>;
  readonly #name: string;
  #count = 0;

  private constructor(
    session: Session,
    images: Thread<ImageMethods>,
    { form, name, at }: { form: ModelForm; name: string; at: FinishOptions['at'] },
  ) {
    this.#session = session;
    this.#images = images;
    this.#input = session.inputs[0]?.name ?? '';
    this.#form = form;
    this.#options = { at };
    this.#name = name;
  }

  /**
   * Loads a model that takes one RGB image.
   * @param source an .onnx file, its bytes, or a model that was loaded before
   * @throws NmodeError: BAD_MODEL, BAD_USAGE, CANNOT_RUN
   */
  static async load(
    source: string | Uint8Array | LoadedModel,
    options: SegmenterOptions = {},
  ): Promise<Segmenter> {
    const isLoaded = typeof source === 'object' && 'model' in source;
    const { model, bytes, name } = isLoaded ? source : await loadModel(source);
    const form = naming(name, () => formOf(model, options));
    const { at = 'image' } = options;
    const run = at === 'network' ? naming(name, () => networkOutput(model, bytes, form)) : bytes;
    const loading = createSession(run, {
      // What was kept for an image of one size would not serve the next.
      arena: form.recipe.sizing.kind === 'resize',
      ...options,
    });
    const images = startImages();
    const [session, thread] = await Promise.allSettled([loading, images]);
    if (session.status === 'fulfilled' && thread.status === 'fulfilled') {
      return new Segmenter(session.value, thread.value, { form, name, at });
    }
    await Promise.allSettled([loading.then((open) => open.close()), images.then((open) => open.close())]);
    throw session.status === 'rejected' ? session.reason : (thread as PromiseRejectedResult).reason;
  }

  /** Where the model runs, and why there. */
  get provider(): ProviderReport {
    return this.#session.provider;
  }

  /** How images are prepared. */
  get recipe(): Recipe {
    return this.#form.recipe;
  }

  /** How many classes the model gives; 1 where its output leaves that open. */
  get classes(): number {
    const classes = this.#session.outputs[0]?.shape[1];
    return typeof classes === 'number' && classes > 0 ? classes : 1;
  }

  /** Threads of one run, and how many runs go on at the same time. */
  get threads(): { readonly threads: number; readonly workers: number } {
    const { threads, workers } = this.#session;
    return { threads, workers };
  }

  /**
   * Segments an image.
   * @throws NmodeError: BAD_IMAGE, BAD_USAGE, BAD_MODEL, CANNOT_RUN; the signal's reason
   */
  async segment(source: ImageSource, options: SegmentOptions = {}): Promise<Segmentation> {
    const finishing = finishOptions(options, this.#options.at);
    const { signal } = options;
    signal?.throwIfAborted();
    checkPixels(source);
    const id = this.#count++;
    const work = this.#work(id, source, finishing, signal);
    if (signal === undefined) return work;
    return untilAborted(work, signal);
  }

  async #work(
    id: number,
    source: ImageSource,
    options: FinishOptions,
    signal: AbortSignal | undefined,
  ): Promise<Segmentation> {
    const start = performance.now();
    const images = this.#images;
    const stages = { preprocess: 0, queue: 0, inference: 0, postprocess: 0 };
    try {
      const {
        width,
        height,
        inputs,
        milliseconds: decode,
      } = await images.call('begin', { id, source, form: this.#form });
      await this.#runInputs(id, inputs, stages, signal);
      const { milliseconds, ...finished } = await images.call('finish', { id, options });
      stages.postprocess += milliseconds;
      const [mask] = finished.masks;
      if (mask === undefined) throw new NmodeError('BAD_MODEL', `${this.#name}: the model gives no class`);
      const timings = { decode, ...stages, total: performance.now() - start };
      return { ...finished, width, height, mask, tiles: inputs, timings, provider: this.provider.effective };
    } catch (error) {
      await images.call('drop', id).catch(() => {});
      throw error;
    }
  }

  /** Runs the network on each input of an image; the next is made ready while one runs. */
  async #runInputs(
    id: number,
    inputs: number,
    stages: Stages,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const images = this.#images;
    const prepare = (index: number) => {
      const prepared = images.call('input', { id, index });
      // It may fail before anybody waits for it.
      prepared.catch(() => {});
      return prepared;
    };
    let next = prepare(0);
    for (let index = 0; index < inputs; index++) {
      signal?.throwIfAborted();
      const { input, milliseconds } = await next;
      stages.preprocess += milliseconds;
      if (index + 1 < inputs) next = prepare(index + 1);
      const output = await this.#run(input, stages, signal);
      const placed = await images.call('place', { id, index, output }, [output.data.buffer as ArrayBuffer]);
      stages.postprocess += placed.milliseconds;
    }
  }

  async #run(input: Floats | Bytes, stages: Stages, signal: AbortSignal | undefined): Promise<Floats> {
    const queued = performance.now();
    let started = queued;
    const onStart = () => {
      started = performance.now();
    };
    const name = this.#session.outputs[0]?.name ?? '';
    const options = { transfer: true, onStart, outputs: [name], ...(signal && { signal }) };
    const { [name]: output } = await this.#session.run({ [this.#input]: input }, options);
    if (output === undefined) throw new NmodeError('BAD_MODEL', `${this.#name}: the model gives nothing`);
    stages.queue += started - queued;
    stages.inference += performance.now() - started;
    return output;
  }

  /**
   * Segments many images, several at a time so that reading one overlaps with running another. They come in their order;
   * one that fails is told and the others go on. Sources are asked for ahead of the results: one that waits for a result
   * before it gives the next would wait for ever.
   * @throws NmodeError for what is no fault of an image; the signal's reason
   */
  async *segmentAll<S extends ImageSource>(
    sources: Iterable<S> | AsyncIterable<S>,
    options: SegmentOptions = {},
  ): AsyncGenerator<Segmented<S>, void, undefined> {
    if (typeof sources === 'string')
      throw new NmodeError('BAD_USAGE', 'expected a list of images, not a path');
    const one = async (source: S): Promise<Segmented<S>> => {
      try {
        return { source, segmentation: await this.segment(source, options) };
      } catch (error) {
        return { source, error: imageFault(error) };
      }
    };
    yield* inOrder(sources, this.imagesAtOnce, one);
  }

  /** How many images keep all workers busy while others are read and written. */
  get imagesAtOnce(): number {
    return this.#session.workers + LOOK_AHEAD;
  }

  async close(): Promise<void> {
    await Promise.all([this.#session.close(), this.#images.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A thread for images, ready to read. */
async function startImages(): Promise<Thread<ImageMethods>> {
  // A thread that loads a native library needs it loaded in the main thread as well (sharp's documentation).
  await loadSharp().catch((error: unknown) => {
    throw new NmodeError('CANNOT_RUN', `sharp: ${reason(error)}`, { cause: error });
  });
  const thread = new Thread<ImageMethods>('image-thread', 'the segmenter');
  await thread.call('warmUp', undefined);
  return thread;
}

/** Images that are read ahead of those that run. */
const LOOK_AHEAD = 2;

/** @throws NmodeError (BAD_IMAGE) where pixels are not as many as their size says */
function checkPixels(source: ImageSource): void {
  if (typeof source === 'string' || source instanceof Uint8Array) return;
  if (typeof source !== 'object' || source === null || !('data' in source)) {
    throw new NmodeError(
      'BAD_USAGE',
      'expected the path of an image, its bytes, or pixels { width, height, channels, data }',
    );
  }
  const { width, height, channels, data } = source;
  const whole = [width, height].every((size) => Number.isSafeInteger(size) && size > 0);
  const samples = data instanceof Uint8Array || data instanceof Uint16Array;
  if (!whole || !samples || channels !== 3 || data.length !== 3 * width * height) {
    throw new NmodeError(
      'BAD_IMAGE',
      `pixels of ${width}x${height}x${channels} in ${data?.length} samples, expected width x height x 3 in 8 or 16 bits`,
    );
  }
}

/** What is under way, or the signal's reason as soon as it aborts. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(forget);
  });
}
