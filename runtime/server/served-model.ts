import { badUsage, NmodeError } from '../../graph/common/errors.js';
import { pick } from '../../graph/common/pick.js';
import { type Model, outlineOf } from '../../graph/ir/model.js';
import { areChannelsLast } from '../../graph/recipe/layout.js';
import { untilAborted } from '../common/abort.js';
import { naming } from '../common/naming.js';
import type { ModelSpec } from '../images/job.js';
import type { InputSpecOptions } from '../input-spec.js';
import type { ChannelFiles } from '../node/images/channels.js';
import { inputSpecOfModel, loadModel, withOutput } from '../node/model.js';
import { keepsMemory, type Segmentation, Segmenter } from '../node/segmenter.js';
import { createSession, type ProviderReport, type SessionOptions } from '../node/sessions/session.js';
import { MissingHeadError } from '../output-spec.js';
import type { SegmentOptions } from '../segmentation.js';
import { Queue } from '../sessions/queue.js';
import type { RunOptions } from '../sessions/session.js';
import type { FloatOutputs, PlainInputs, Port } from '../sessions/tensors.js';
import { elementsOf } from './scheduling/batch.js';
import { type Freight, type Lease, Leases } from './scheduling/leases.js';
import { overloaded, refuseLate } from './scheduling/refusals.js';
import { Latest } from './scheduling/run-times.js';
import type { Scheduler, SchedulerOptions } from './scheduling/scheduler.js';
import { startScheduler } from './scheduling/start-scheduler.js';
import { sizeMultipleOf } from './size-multiple.js';

export interface ServedOptions
  extends Pick<SessionOptions, 'providers' | 'strict' | 'threads'>,
    Omit<SchedulerOptions, 'onRun' | 'onTrouble'> {
  /** Elements of all inputs of a request. */
  readonly maxElements: number;
  /** What is said of how models take images, and of what they give. */
  readonly inputSpec?: InputSpecOptions;
}

/** Images are admitted for half of the time that they have: how long each takes depends on its size, and on what else runs. */
const MARGIN = 2;

/** A model that is served: its workers, and the way of images to it where it takes images. */
export class ServedModel {
  /** There is one at a time. */
  readonly version = '1';
  /** Places for images that are being read, run and made masks of. */
  readonly #images: Queue<number>;
  readonly #imageTimes = new Latest();
  readonly #leases = new Leases();
  readonly #end = new AbortController();

  private constructor(
    readonly name: string,
    readonly scheduler: Scheduler,
    readonly segmenter: Segmenter | undefined,
    /** Why there is none. */
    readonly whyTensors: string,
    /** Why requests run singly although they may be batched. */
    readonly whySingly: string | undefined,
    private readonly limits: Pick<ServedOptions, 'maxElements' | 'maxQueue'>,
    /** Of height and width, where the model tells it. */
    readonly sizeMultiple: number,
  ) {
    // As many as keep the workers busy: each is held decoded.
    this.#images = new Queue(Array.from({ length: segmenter?.imagesAtOnce ?? 1 }, (_, index) => index));
  }

  /**
   * Loads a model and runs it once.
   * @throws NmodeError: BAD_MODEL, CANNOT_RUN
   */
  static async load(
    name: string,
    file: string,
    options: ServedOptions,
    events: Pick<SchedulerOptions, 'onRun' | 'onTrouble'>,
  ): Promise<ServedModel> {
    const { model, bytes } = withOutput(await loadModel(file), options.inputSpec?.outputName);
    const { spec, why = '' } = imageSpec(name, model, options.inputSpec);
    const { threads } = options;
    const session: SessionOptions = {
      warmUp: true,
      arena: spec === undefined || keepsMemory(spec),
      ...pick(options, ['providers', 'strict']),
      ...(threads && { threads }),
    };
    const loading = startScheduler(model, () => createSession(bytes, session), { ...options, ...events });
    const segmenter =
      spec &&
      (await Segmenter.over(
        loading.then(({ scheduler }) => scheduler),
        { spec, name, at: 'image' },
      ));
    const multiple = sizeMultipleOf(outlineOf(model).metadata);
    const { scheduler, whySingly } = await loading;
    return new ServedModel(name, scheduler, segmenter, why, whySingly, options, multiple);
  }

  get inputs(): readonly Port[] {
    return this.scheduler.inputs;
  }
  get outputs(): readonly Port[] {
    return this.scheduler.outputs;
  }
  get provider(): ProviderReport['effective'] {
    return this.scheduler.provider.effective;
  }
  /** How many files an image may be of: one, or one for each of its channels where these are no colours. */
  get filesOfImage(): number {
    const { channels = 1 } = this.segmenter ?? {};
    return channels === 3 ? 1 : channels;
  }
  get alive(): boolean {
    return this.scheduler.alive && (this.segmenter?.alive ?? true);
  }

  /**
   * Accepts a request before its body is read, or refuses it: what is accepted is answered, also where another version takes
   * the place of this one.
   * @param within milliseconds
   * @throws NmodeError: OVERLOADED, DEADLINE
   */
  accept(freight: Freight, within: number): Lease {
    if (freight === 'image') this.#admitImage(within);
    const { comingTensors, images } = this.#leases;
    this.scheduler.admit(within, comingTensors, images);
    return this.#leases.take(freight);
  }

  #admitImage(within: number): void {
    const { maxQueue } = this.limits;
    const { images } = this.#leases;
    if (images >= maxQueue) throw overloaded(`${maxQueue} images are in progress`);
    const takes = this.#imageTimes.median;
    const expected = MARGIN * (takes + (images * takes) / (this.segmenter?.imagesAtOnce ?? 1));
    if (images > 0) refuseLate(within, expected, takes);
  }

  /** Milliseconds that an answer takes about without others; 0 where that is not known. */
  alone(freight: Freight): number {
    return freight === 'image' ? this.#imageTimes.median : this.scheduler.alone;
  }

  /** Aborts when time is over for what it accepted. */
  get ending(): AbortSignal {
    return this.#end.signal;
  }

  /**
   * Runs the model on tensors, which are given away.
   * @throws NmodeError: BAD_USAGE for tensors that it does not take, OVERLOADED, CANNOT_RUN; the signal's reason
   */
  async infer(inputs: PlainInputs, options: Omit<RunOptions, 'transfer'>): Promise<FloatOutputs> {
    this.#check(inputs, options.outputs);
    try {
      return await this.scheduler.run(inputs, { ...options, transfer: true });
    } catch (error) {
      // Sizes that a model leaves open are not all sizes.
      if (!(error instanceof NmodeError) || !SHAPE_FAILURE.test(error.message)) throw error;
      const shapes = Object.entries(inputs).map(([input, { dims }]) => `'${input}' [${dims}]`);
      const multiple = this.sizeMultiple;
      const sidesOf = (input: string, dims: readonly number[]) =>
        areChannelsLast(this.inputs.find(({ name }) => name === input)?.shape ?? dims)
          ? dims.slice(1, 3)
          : dims.slice(2);
      const isOdd = Object.entries(inputs).some(
        ([input, { dims, data }]) =>
          data instanceof Float32Array && sidesOf(input, dims).some((size) => size % multiple > 0),
      );
      const why = isOdd ? `: height and width must be multiples of ${multiple}` : '';
      throw badUsage(`model '${this.name}' does not run on ${shapes.join(', ')}${why}`, { cause: error });
    }
  }

  /**
   * Segments an image and makes an answer of it, in one place: as long as either takes, no other image takes it.
   * @throws NmodeError: BAD_IMAGE, BAD_USAGE, OVERLOADED, CANNOT_RUN; the signal's reason; what the answer fails with
   */
  async segment<A>(
    image: ChannelFiles,
    options: SegmentOptions & Pick<RunOptions, 'since'>,
    answer: (found: Segmentation) => Promise<A>,
  ): Promise<A> {
    const { segmenter } = this;
    if (segmenter === undefined)
      throw badUsage(`model '${this.name}' takes tensors, not images: ${this.whyTensors}`);
    // One whose client left is dropped while it waits; once begun it keeps its place until its work has stopped.
    return this.#images.add(async () => {
      const start = performance.now();
      const learn = () => this.#imageTimes.add(performance.now() - start);
      try {
        const answered = await answer(await segmenter.segmentOrStop(image, options));
        learn();
        return answered;
      } catch (error) {
        // Those whose time was over took longer still: without them, the others would look quick.
        if (options.signal?.aborted) learn();
        throw error;
      }
    }, options.signal);
  }

  #check(inputs: PlainInputs, outputs: readonly string[] | undefined): void {
    const { name, inputs: ports } = this;
    const given = Object.entries(inputs);
    if (given.length !== ports.length) {
      throw badUsage(`expected ${ports.length} inputs but got ${given.length} inputs for model '${name}'`);
    }
    for (const [input, { dims }] of given) {
      const port = ports.find((known) => known.name === input);
      if (port === undefined) throw badUsage(`unexpected inference input '${input}' for model '${name}'`);
      const fits =
        dims.length === port.shape.length &&
        dims.every((size, axis) => {
          const wanted = port.shape[axis];
          return size > 0 && (typeof wanted !== 'number' || wanted === size);
        });
      if (!fits) {
        throw badUsage(
          `unexpected shape for input '${input}' for model '${name}': expected [${shapeOf(port)}], got [${dims}]`,
        );
      }
    }
    const elements = elementsOf(inputs);
    const { maxElements } = this.limits;
    if (elements > maxElements) throw badUsage(`${elements} elements, at most ${maxElements} are accepted`);
    for (const output of outputs ?? []) {
      if (!this.outputs.some((port) => port.name === output)) {
        throw badUsage(`unexpected inference output '${output}' for model '${name}'`);
      }
    }
  }

  /**
   * Answers what it accepted, and frees what it holds.
   * @param within milliseconds, after which what is not answered fails
   */
  async retire(within: number): Promise<void> {
    this.scheduler.drain();
    const timer = setTimeout(() => {
      const why = `model '${this.name}' was removed, and its requests had ${within} ms to end: try again`;
      this.#end.abort(new NmodeError('OVERLOADED', why));
    }, within);
    await untilAborted(this.#leases.end(), this.ending).catch((why: unknown) => this.scheduler.abort(why));
    clearTimeout(timer);
    await (this.segmenter ?? this.scheduler).close();
  }
}

/** How onnxruntime says that sizes do not go together. */
const SHAPE_FAILURE = /^onnxruntime: .*(?:dimension|shape|mismatch|broadcast)/is;

/** -1 for a size that is open. */
export function shapeOf({ shape }: Port): readonly number[] {
  return shape.map((size) => (typeof size === 'number' && size >= 0 ? size : -1));
}

/** How it takes images, or why it takes none. */
function imageSpec(
  name: string,
  model: Model,
  options: InputSpecOptions = {},
): { readonly spec?: ModelSpec; readonly why?: string } {
  try {
    return { spec: inputSpecOfModel(model, options) };
  } catch (error) {
    const isOfModel =
      error instanceof NmodeError && (error.code === 'BAD_MODEL' || error instanceof MissingHeadError);
    if (isOfModel) return { why: error.message };
    return naming(name, () => {
      throw error;
    });
  }
}
