import { NmodeError } from '../graph/errors.js';
import { encodeModel } from '../graph/file/write.js';
import type { Model } from '../graph/model.js';
import type { RunEach } from '../graph/quantization/calibrate.js';
import { named } from '../runtime/naming.js';
import { createSession } from '../runtime/node/sessions/session.js';
import type { Floats, Outputs } from '../runtime/sessions/tensors.js';
import { type Difference, DifferenceCount, WantedOutput, worstOf } from './difference.js';
import type { Examples } from './model-inputs.js';

/** How a rewritten model differs from what it was made of, on images. */
export interface ImageDifference extends Difference {
  readonly images: number;
}

/** Runs a model on the CPU on each of the examples. */
async function runAll(
  model: Model,
  { feeds }: Examples,
  signal: AbortSignal | undefined,
  take: (outputs: Outputs, at: number) => void,
): Promise<void> {
  await using session = await createSession(encodeModel(model), { providers: ['cpu'] });
  for (const [at, input] of feeds.entries()) {
    signal?.throwIfAborted();
    take(await session.run(input, signal && { signal }), at);
  }
}

/** Runs models on examples; values that are float32 are taken, the inputs among them. */
export const runOn =
  (examples: Examples, signal?: AbortSignal): RunEach =>
  (model, take) =>
    runAll(model, examples, signal, (outputs, at) => {
      const values: Record<string, Float32Array> = {};
      for (const [name, { data }] of Object.entries({ ...examples.feeds[at], ...outputs })) {
        if (data instanceof Float32Array) values[name] = data;
      }
      take(values);
    });

/** Compares models with one that is run once. */
export class Proof {
  readonly #examples: Examples;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    examples: Examples,
    signal: AbortSignal | undefined,
    readonly wanted: readonly WantedOutput[],
  ) {
    this.#examples = examples;
    this.#signal = signal;
  }

  /**
   * @param name what messages call the model
   * @throws NmodeError (CHECK_FAILED) for a model that gives no numbers itself
   */
  static async of(reference: Model, name: string, examples: Examples, signal?: AbortSignal): Promise<Proof> {
    const runs = new Map<string, Floats[]>(reference.graph.outputs.map((output) => [output.name, []]));
    const take = (outputs: Outputs, at: number) => {
      for (const [output, kept] of runs) {
        const { dims, data } = outputs[output] ?? { dims: [], data: new Float32Array() };
        if (!data.every(Number.isFinite)) {
          throw new NmodeError(
            'CHECK_FAILED',
            `${name}: the model itself gives NaN or infinity in '${output}' for ${examples.names[at]}: ` +
              'there is nothing to compare with, and nothing was written',
          );
        }
        kept.push({ dims, data: data.slice() });
      }
    };
    await runAll(reference, examples, signal, take).catch((error: unknown) => {
      throw named(name, error);
    });
    return new Proof(
      examples,
      signal,
      Array.from(runs, ([output, kept]) => new WantedOutput(output, kept)),
    );
  }

  get images(): number {
    return this.#examples.images;
  }

  async differenceOf(model: Model): Promise<ImageDifference> {
    const counts = this.wanted.map((wanted) => ({
      name: wanted.name,
      count: new DifferenceCount(wanted),
    }));
    await runAll(model, this.#examples, this.#signal, (outputs) => {
      for (const { name, count } of counts) count.add(outputs[name]?.data ?? []);
    });
    return { images: this.images, ...worstOf(counts.map(({ count }) => count.difference)) };
  }
}
