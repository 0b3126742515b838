import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { inImageForm } from '../../graph/lifting/image-form.js';
import type { RunEach } from '../../graph/quantization/calibrate.js';
import { named } from '../../runtime/common/naming.js';
import { openBytes, type SessionOptions } from '../../runtime/node/sessions/session.js';
import type { FloatOutputs, Floats, Inputs } from '../../runtime/sessions/tensors.js';
import type { Examples } from './calibration-inputs.js';
import { type Difference, DifferenceCount, meaningsOf, WantedOutput, worstOf } from './difference.js';
import { outputOf } from './output-of.js';
import type { Watch } from './watch.js';

/** How a rewritten model differs from what it was made of, on images. */
export interface ImageDifference extends Difference {
  readonly images: number;
  /** How many images there are, where there was not the time to compare on all of them. */
  readonly all?: number;
}

/**
 * Bytes of a model up to which its thread is kept for the next, since models are compared one after another: larger ones leave as
 * much in memory, and take longer to open than a thread to start.
 */
const SMALL = 2 ** 24;

type RunAllOptions = Pick<SessionOptions, 'graphOptimization' | 'threads'> & Watch;

/** Runs a model on the CPU on each of its inputs; on the first alone, or as many as there is time for. */
async function runAll(
  model: Model,
  feeds: readonly Inputs[],
  { signal, onProgress, isTimeUp, ...settings }: RunAllOptions,
  take: (outputs: FloatOutputs, index: number) => void,
): Promise<void> {
  const bytes = encodeModel(inImageForm(model));
  const options = { providers: ['cpu'], transfer: true, ...settings } as const;
  await using session = await openBytes(bytes, options, bytes.length < SMALL);
  onProgress?.(0, feeds.length, 'images');
  for (const [index, input] of feeds.entries()) {
    signal?.throwIfAborted();
    if (index > 0 && isTimeUp?.()) return;
    take(await session.run(input, { type: 'float32', ...(signal && { signal }) }), index);
    onProgress?.(index + 1, feeds.length, 'images');
  }
}

/** Runs models on inputs; values that are float32 are taken, the inputs among them. */
export const runOn =
  (feeds: readonly Inputs[], signal?: AbortSignal): RunEach =>
  (model, take) =>
    runAll(model, feeds, { signal }, (outputs, index) => {
      const values: Record<string, Float32Array> = {};
      for (const [name, { data }] of Object.entries({ ...feeds[index], ...outputs })) {
        if (data instanceof Float32Array) values[name] = data;
      }
      take(values);
    });

/** Runs models on examples, and on images that are not typical. */
export const runOnExtremes = ({ feeds, extremes }: Examples, signal?: AbortSignal): RunEach =>
  runOn([...feeds, ...extremes.map(({ feed }) => feed)], signal);

/** Examples of which there was the time to run some alone. */
function firstOf(examples: Examples, count: number): Examples & { readonly all?: number } {
  const { feeds, images, names, sizes } = examples;
  if (count >= feeds.length) return examples;
  const some = Math.min(images, Math.ceil((images / feeds.length) * count));
  const first = { feeds: feeds.slice(0, count), names: names.slice(0, count), sizes: sizes.slice(0, count) };
  return { ...examples, ...first, images: some, all: images };
}

/** Compares models with one that is run once. */
export class ImageComparison {
  private constructor(
    private readonly reference: Model,
    private readonly name: string,
    private readonly examples: Examples & { readonly all?: number },
    private readonly watch: Watch,
    readonly wanted: readonly WantedOutput[],
  ) {}

  /**
   * @param name what messages call the model
   * @throws NmodeError (CHECK_FAILED) for a model that gives no numbers itself
   */
  static async of(
    reference: Model,
    name: string,
    examples: Examples,
    watch: Watch = {},
  ): Promise<ImageComparison> {
    const runs = new Map<string, Floats[]>(reference.graph.outputs.map((output) => [output.name, []]));
    const take = (outputs: FloatOutputs, index: number) => {
      for (const [output, kept] of runs) {
        const { dims, data } = outputOf(outputs, output);
        if (!data.every(Number.isFinite)) {
          throw new NmodeError(
            'CHECK_FAILED',
            `${name}: the model itself gives NaN or infinity in '${output}' for ${examples.names[index]}: ` +
              'there is nothing to compare with, and nothing was written',
          );
        }
        kept.push({ dims, data: data.slice() });
      }
    };
    await runAll(reference, examples.feeds, watch, take).catch((error: unknown) => {
      throw named(name, error);
    });
    const meanings = meaningsOf(reference);
    const wanted = Array.from(
      runs,
      ([output, kept]) => new WantedOutput(output, kept, meanings.get(output), examples.sizes),
    );
    const compared = Math.max(0, ...wanted.map(({ runs }) => runs.length));
    return new ImageComparison(reference, name, firstOf(examples, compared), watch, wanted);
  }

  /**
   * A difference with what onnxruntime's own settings are apart, at least, for the model that others are compared with.
   * @param isEnough whether no more of them need be tried
   */
  async withSpread(
    difference: ImageDifference,
    isEnough: (difference: ImageDifference) => boolean,
  ): Promise<ImageDifference> {
    const beside = (spreads: ReadonlyMap<string, number>): ImageDifference => ({
      ...difference,
      outputs: difference.outputs.map((output) => ({ ...output, spread: spreads.get(output.name) ?? 0 })),
    });
    const { feeds } = this.examples;
    return beside(await spreadOf(this.reference, feeds, this.watch, (spreads) => isEnough(beside(spreads))));
  }

  get images(): number {
    return this.examples.images;
  }

  async differenceOf(model: Model): Promise<ImageDifference> {
    const counts = this.wanted.map((wanted) => ({ name: wanted.name, count: new DifferenceCount(wanted) }));
    // What is compared on has been cut to the time that there is.
    const { signal, onProgress } = this.watch;
    await runAll(model, this.examples.feeds, { signal, onProgress }, (outputs) => {
      for (const { name, count } of counts) count.add(outputOf(outputs, name).data);
    });
    const { images, all = images } = this.examples;
    return { images, ...(all > images && { all }), ...worstOf(counts.map(({ count }) => count.difference)) };
  }

  /** @throws NmodeError (CHECK_FAILED) where a model gives no numbers for an image that is not typical, and the reference does */
  async refuseExtremes(model: Model): Promise<void> {
    const { extremes } = this.examples;
    const [wanted, found] = [await this.#finiteOutputs(this.reference), await this.#finiteOutputs(model)];
    for (const [index, { name }] of extremes.entries()) {
      const lost = [...at(wanted, index)].find((output) => !at(found, index).has(output));
      if (lost === undefined) continue;
      throw new NmodeError(
        'CHECK_FAILED',
        `${this.name}: '${lost}' holds NaN or infinity for ${name}, where the model gives numbers; nothing was written`,
      );
    }
  }

  /** The outputs that are all numbers, for each of the images that are not typical. */
  async #finiteOutputs(model: Model): Promise<readonly ReadonlySet<string>[]> {
    const finite: Set<string>[] = [];
    const feeds = this.examples.extremes.map(({ feed }) => feed);
    await runAll(model, feeds, { signal: this.watch.signal }, (outputs) => {
      const entries = Object.entries(outputs).filter(([, { data }]) => data.every(Number.isFinite));
      finite.push(new Set(entries.map(([output]) => output)));
    });
    return finite;
  }
}

/** What onnxruntime may do to a graph when it loads it, and how it may share the work: none of it changes what a model means. Those that differ most come first. */
const SETTINGS = [1, 2].flatMap((threads) =>
  (['disabled', 'all', 'basic', 'extended'] as const).map((graphOptimization) => ({
    graphOptimization,
    threads,
  })),
);

/** With fewer settings than these, nothing is apart. */
const FEWEST = 2;

/**
 * How far what onnxruntime itself makes of one model is apart, by output: the largest difference of any two of its settings, on any
 * of the inputs. No rewriting can be held to less. Fewer are tried, so that it is at least as much, where the time is up, or what was found is enough.
 */
export async function spreadOf(
  model: Model,
  feeds: readonly Inputs[],
  { signal, onProgress, isTimeUp }: Watch = {},
  isEnough: (spreads: ReadonlyMap<string, number>) => boolean = () => false,
): Promise<ReadonlyMap<string, number>> {
  const names = model.graph.outputs.map(({ name }) => name);
  const reached = new Map(names.map((name) => [name, new Array<Reach | undefined>(feeds.length)]));
  const spreads = () =>
    new Map(Array.from(reached, ([name, each]) => [name, Math.max(0, ...each.map(widest))]));
  const total = SETTINGS.length * feeds.length;
  onProgress?.(0, total, 'images');
  for (const [place, settings] of SETTINGS.entries()) {
    if (place >= FEWEST && (isTimeUp?.() || isEnough(spreads()))) break;
    const take = (outputs: FloatOutputs, index: number) => {
      for (const [name, each] of reached) each[index] = widened(each[index], outputOf(outputs, name).data);
      onProgress?.(place * feeds.length + index + 1, total, 'images');
    };
    // A setting with which onnxruntime cannot run a model is none that anyone uses for it.
    await runAll(model, feeds, { ...settings, signal }, take).catch((error: unknown) => {
      if (!(error instanceof NmodeError) || error.code !== 'CANNOT_RUN') throw error;
    });
  }
  return spreads();
}

/** The smallest and largest of each element. */
interface Reach {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

function widened(reach: Reach | undefined, values: ArrayLike<number>): Reach {
  if (reach === undefined) return { low: Float32Array.from(values), high: Float32Array.from(values) };
  const { low, high } = reach;
  for (let index = 0; index < low.length; index++) {
    const value = at(values, index);
    if (value < at(low, index)) low[index] = value;
    if (value > at(high, index)) high[index] = value;
  }
  return reach;
}

function widest(reach: Reach | undefined): number {
  if (reach === undefined) return 0;
  return reach.high.reduce((most, value, index) => Math.max(most, value - at(reach.low, index)), 0);
}
