import { at } from '../graph/common/at.js';
import { badModel, badUsage, imageFault, NmodeError } from '../graph/common/errors.js';
import { checkArgument, checkOptions, type Kind } from '../graph/common/option-kinds.js';
import type { Assumption } from '../graph/recipe/assumption.js';
import { axesOf } from '../graph/recipe/layout.js';
import { FOLDS_OUTPUT, type Recipe } from '../graph/recipe/recipe.js';
import { eachUntilAborted, untilAborted } from './common/abort.js';
import { inOrder } from './common/in-order.js';
import type { Handed } from './handed.js';
import type { imageMethods } from './images/image-methods.js';
import type { FinishOptions, MaskSize, ModelSpec } from './images/job.js';
import type { Classes } from './masks/classes.js';
import {
  finishOptions,
  SEGMENT_KINDS,
  type SegmentOptions,
  type SharedSegmentation,
  type SharedSegmented,
  type Timings,
} from './segmentation.js';
import type { FloatSession, RunOptions, SharedProviderReport } from './sessions/session.js';
import type { Bytes, Floats, Port } from './sessions/tensors.js';
import type { Respawning } from './threads/respawning.js';
import type { Thread } from './threads/thread.js';

/** What an image's runs have in common. */
type Waiting = Pick<RunOptions, 'signal' | 'since'> & Pick<SegmentOptions, 'onRun'>;

type Stages = { -readonly [K in Exclude<keyof Timings, 'decode' | 'total'>]: number };

/** What the thread of images can be asked. */
type ImageMethods<T> = ReturnType<typeof imageMethods<T>> & { readonly warmUp: () => unknown };

/** What a segmenter is made of. */
export interface SegmenterParts<S, T, R extends SharedProviderReport> {
  readonly session: FloatSession<R>;
  readonly images: Respawning<ImageMethods<T>>;
  readonly spec: ModelSpec;
  /** What messages call the model. */
  readonly name: string;
  /** For several outputs: the output with the masks. Default: the first. */
  readonly output?: string | undefined;
  readonly at: MaskSize;
  /** What messages call an image, where it has a name. */
  readonly nameOf: (source: S) => string | undefined;
  /**
   * Makes an image ready to be given to the thread. What the caller may change is copied before it returns, or given as it is
   * where it returns no promise: it is then copied on its way. @throws NmodeError (BAD_IMAGE, BAD_USAGE)
   */
  readonly hand: (source: S, signal?: AbortSignal) => Handed<T> | Promise<Handed<T>>;
}

declare const made: unique symbol;

/** Parts that fit together, as `partsOf` makes them. */
export interface Parts<S, R> {
  readonly [made]: readonly [S, R];
}

/** Forgets what the thread is given, which is what `hand` makes, whatever that is. */
export const partsOf = <S, T, R extends SharedProviderReport>(parts: SegmenterParts<S, T, R>) =>
  parts as unknown as Parts<S, R>;

/**
 * Turns images into masks: decodes, prepares and cuts in one thread, runs the network in others. Close it: it holds
 * memory outside JavaScript's. What all platforms share; `S` is what they take as an image.
 */
export class BaseSegmenter<S, R extends SharedProviderReport = SharedProviderReport> {
  readonly #parts: SegmenterParts<S, unknown, R>;
  readonly #input: string;
  #count = 0;
  #closed = false;

  protected constructor(parts: Parts<S, R>) {
    // Programs without types call it.
    if (!('session' in Object(parts))) {
      throw badUsage("a Segmenter is loaded, not constructed: await Segmenter.load('model.onnx')");
    }
    this.#parts = parts as unknown as SegmenterParts<S, unknown, R>;
    this.#input = at(this.#parts.session.inputs, 0).name;
  }

  /** The provider that runs the model, and why others do not. */
  get provider(): R {
    return this.#parts.session.provider;
  }

  /** How images are prepared. */
  get recipe(): Recipe {
    return this.#parts.spec.recipe;
  }

  /** Number of channels of the model. */
  get channels(): number {
    return this.#parts.spec.channels;
  }

  /** Assumptions about what neither the model nor its options specify. */
  get assumed(): readonly Assumption[] {
    return this.#parts.spec.assumed;
  }

  /** Whether the model's classes exclude each other. */
  get semantics(): Classes {
    return this.#parts.spec.classes;
  }

  /** Number of classes, including the background; 1 where the output leaves it open. */
  get classes(): number {
    const [channels] = axesOf(this.#parts.spec.outputLayout);
    const classes = this.#output.shape[channels];
    return typeof classes === 'number' && classes > 0 ? classes : 1;
  }

  /** Threads of one run, and how many runs go on at the same time. */
  get threads(): { readonly threads: number; readonly workers: number } {
    const { threads, workers } = this.#parts.session;
    return { threads, workers };
  }

  /**
   * Segments an image. Bytes and pixels are copied before this returns: their buffer may be filled again at once.
   * @throws NmodeError with the image's name, where it has one: BAD_IMAGE for its file; BAD_MODEL for what the model gives for
   * it; BAD_USAGE, also where the memory budget is too small for it; CANNOT_RUN, also where the thread that had it was lost (another is
   * started for the next). The signal's reason
   */
  async segment<const O extends SegmentOptions = object>(
    source: S,
    options?: O,
  ): Promise<SharedSegmentation<R, O>> {
    if (options !== undefined) checkOptions<SegmentOptions>(options, SEGMENT_KINDS);
    const work = this.segmentOrStop(source, options);
    return options?.signal === undefined ? work : untilAborted(work, options.signal);
  }

  /**
   * As `segment`; one that is aborted rejects only once its work has stopped, at its next step, and holds no memory any more.
   * @internal
   */
  async segmentOrStop<const O extends SegmentOptions & Waiting = object>(
    source: S,
    options?: O,
  ): Promise<SharedSegmentation<R, O>> {
    const finishing = finishOptions(options ?? {}, this.#parts.at);
    const { signal, since, onRun }: Waiting = options ?? {};
    signal?.throwIfAborted();
    const waiting = { onRun, ...(signal && { signal }), ...(since !== undefined && { since }) };
    const found = await this.#work(this.#count++, source, finishing, waiting);
    // The same options were asked for.
    return found as SharedSegmentation<R, O>;
  }

  async #work(
    id: number,
    source: S,
    options: FinishOptions,
    waiting: Waiting,
  ): Promise<SharedSegmentation<R>> {
    const { signal } = waiting;
    const start = performance.now();
    // It keeps the image between calls.
    const images = this.#parts.images.current;
    const stages = { preprocess: 0, queue: 0, inference: 0, postprocess: 0 };
    const handing = this.#parts.hand(source, signal);
    const handed = handing instanceof Promise ? await handing : handing;
    try {
      const request = { id, source: handed.source, spec: this.#parts.spec };
      const { inputs, milliseconds: decode, ...begun } = await images.call('begin', request, handed.give);
      await this.#runInputs(images, id, inputs, stages, waiting);
      signal?.throwIfAborted();
      const { milliseconds, ...finished } = await images.call('finish', { id, options });
      stages.postprocess += milliseconds;
      const [mask] = finished.masks;
      if (mask === undefined) throw badModel(`${this.#parts.name}: the model gives no class`);
      const timings = { decode, ...stages, total: performance.now() - start };
      const provider = this.provider.effective;
      return { ...finished, ...begun, tiles: inputs, mask, timings, provider };
    } catch (error) {
      await images.call('drop', id).catch(() => {});
      throw this.#named(source, error);
    }
  }

  /** What went wrong, with the name of the image that it befell; what is wrong with a file has it already. */
  #named(source: S, error: unknown): unknown {
    const name = this.#parts.nameOf(source);
    if (name === undefined || this.#closed || !(error instanceof NmodeError)) return error;
    if (!['BAD_MODEL', 'BAD_USAGE', 'CANNOT_RUN'].includes(error.code)) return error;
    return new NmodeError(error.code, `${name}: ${error.message}`, { cause: error });
  }

  /** Runs the network on each input of an image; the next is made ready while one runs. */
  async #runInputs(
    images: Thread<ImageMethods<unknown>>,
    id: number,
    inputs: number,
    stages: Stages,
    waiting: Waiting,
  ): Promise<void> {
    const prepare = (index: number) => {
      const prepared = images.call('input', { id, index });
      // It may fail before anybody waits for it.
      prepared.catch(() => {});
      return prepared;
    };
    let next = prepare(0);
    for (let index = 0; index < inputs; index++) {
      waiting.signal?.throwIfAborted();
      const { input, milliseconds } = await next;
      stages.preprocess += milliseconds;
      if (index + 1 < inputs) next = prepare(index + 1);
      const output = await this.#run(input, stages, waiting);
      const placed = await images.call('place', { id, index, output }, [output.data.buffer]);
      stages.postprocess += placed.milliseconds;
      // One that is async is waited for, and may reject.
      await waiting.onRun?.(index + 1, inputs);
    }
  }

  get #output(): Port {
    const { session, output } = this.#parts;
    return session.outputs.find(({ name }) => name === output) ?? at(session.outputs, 0);
  }

  async #run(input: Floats | Bytes, stages: Stages, { onRun: _, ...waiting }: Waiting): Promise<Floats> {
    const queued = performance.now();
    let started = queued;
    const onStart = () => {
      started = performance.now();
    };
    const name = this.#parts.spec.folds === undefined ? this.#output.name : FOLDS_OUTPUT;
    const options = { transfer: true, onStart, outputs: [name], type: 'float32', ...waiting } as const;
    const { [name]: output } = await this.#parts.session.run({ [this.#input]: input }, options);
    if (output === undefined) throw badModel(`${this.#parts.name}: the model gives nothing`);
    stages.queue += started - queued;
    stages.inference += performance.now() - started;
    return output;
  }

  /**
   * Segments many images, several at a time so that reading one overlaps with running another. Results come in order; an image
   * that fails is yielded with its `error`, and the others go on. Sources are read ahead of the results: an iterable that waits
   * for a result before it yields the next source waits forever.
   * @throws NmodeError: BAD_USAGE for options that make no sense, CANNOT_RUN once it is closed; the signal's reason
   */
  async *segmentAll<Q extends S, const O extends SegmentOptions = object>(
    sources: Iterable<Q> | AsyncIterable<Q>,
    options?: O,
  ): AsyncGenerator<SharedSegmented<Q, R, O>, void, undefined> {
    checkArgument('sources', sources, SOURCES);
    if (options !== undefined) checkOptions<SegmentOptions>(options, SEGMENT_KINDS);
    finishOptions(options ?? {}, this.#parts.at);
    const { signal }: SegmentOptions = options ?? {};
    const one = async (source: Q): Promise<SharedSegmented<Q, R, O>> => {
      try {
        return { source, segmentation: await this.segment(source, options) };
      } catch (error) {
        if (this.#closed) throw error;
        return { source, error: imageFault(error, signal) };
      }
    };
    yield* inOrder(signal ? eachUntilAborted(sources, signal) : sources, this.imagesAtOnce, one);
  }

  /** How many images keep all workers busy while others are read and written. */
  get imagesAtOnce(): number {
    return this.#parts.session.workers + LOOK_AHEAD;
  }

  /** Whether what it runs in is there: a thread for the network, and the one for images, which is started again when it is lost. */
  get alive(): boolean {
    return this.#parts.session.alive && this.#parts.images.alive;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#parts.session.close(), this.#parts.images.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const SOURCES: Kind = [
  'a list of images, or what yields them',
  (sources) =>
    typeof sources === 'object' &&
    (Symbol.iterator in Object(sources) || Symbol.asyncIterator in Object(sources)),
];

/** Images that are read ahead of those that run. */
const LOOK_AHEAD = 2;
