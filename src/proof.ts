import { encodeModel } from '../graph/file/write.js';
import type { Model } from '../graph/model.js';
import type { RunEach, Values } from '../graph/quantization/calibrate.js';
import { createSession } from '../runtime/node/sessions/session.js';
import type { Inputs } from '../runtime/sessions/tensors.js';
import { DifferenceCount, type OutputDifference } from './difference.js';

/** How a rewritten model differs from what it was made of, on images. */
export interface Difference extends OutputDifference {
  readonly images: number;
}

/** Runs a model on the CPU on each of the inputs; values that are float32 are taken, the inputs among them. */
export const runOn =
  (inputs: readonly Inputs[], signal?: AbortSignal): RunEach =>
  async (model, take) => {
    await using session = await createSession(encodeModel(model), { providers: ['cpu'] });
    for (const input of inputs) {
      signal?.throwIfAborted();
      const outputs = await session.run(input, signal && { signal });
      const values: Record<string, Float32Array> = {};
      for (const [name, { data }] of Object.entries({ ...input, ...outputs })) {
        if (data instanceof Float32Array) values[name] = data;
      }
      take(values);
    }
  };

/** Compares models with one that is run once. */
export class Proof {
  readonly #runEach: RunEach;
  readonly #outputs: readonly string[];
  readonly #expected: readonly Values[];

  private constructor(runEach: RunEach, outputs: readonly string[], expected: readonly Values[]) {
    this.#runEach = runEach;
    this.#outputs = outputs;
    this.#expected = expected;
  }

  static async of(reference: Model, runEach: RunEach): Promise<Proof> {
    const outputs = reference.graph.outputs.map(({ name }) => name);
    const expected: Values[] = [];
    await runEach(reference, (values) => {
      expected.push(
        Object.fromEntries(outputs.map((name) => [name, values[name]?.slice() ?? new Float32Array()])),
      );
    });
    return new Proof(runEach, outputs, expected);
  }

  async differenceOf(model: Model): Promise<Difference> {
    const count = new DifferenceCount();
    let images = 0;
    await this.#runEach(model, (values) => {
      for (const name of this.#outputs) count.add(values[name] ?? [], this.#expected[images]?.[name] ?? []);
      images++;
    });
    return { images, ...count.difference };
  }
}
