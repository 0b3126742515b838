import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import type { Model } from '../../graph/ir/model.js';
import type { RunEach } from '../../graph/quantization/calibrate.js';
import { named } from '../../runtime/common/naming.js';
import type { FloatOutputs, Floats, Inputs } from '../../runtime/sessions/tensors.js';
import type { Examples } from './calibration-inputs.js';
import { type Difference, DifferenceCount, meaningsOf, WantedOutput, worstOf } from './difference.js';
import { outputOf } from './output-of.js';
import { runAll } from './run-all.js';
import { spreadOf } from './spread.js';
import type { Watch } from './watch.js';

/** How a rewritten model differs from what it was made of, on images. */
export interface ImageDifference extends Difference {
  readonly images: number;
  /** How many images there are, where there was not the time to compare on all of them. */
  readonly all?: number;
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
