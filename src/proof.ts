import { encodeModel } from '../graph/file/write.js';
import type { Model } from '../graph/model.js';
import type { RunEach, Values } from '../graph/quantization/calibrate.js';
import { createSession } from '../runtime/node/sessions/session.js';
import type { Inputs } from '../runtime/sessions/tensors.js';

/** How a rewritten model differs from what it was made of, on images. */
export interface Difference {
  readonly images: number;
  /** Largest absolute difference of a probability. */
  readonly maxAbs: number;
  /** 1 - DSC of the two models' masks, over all images: what the rewrite may cost a mask. */
  readonly dscDrop: number;
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
    let [image, maxAbs, both, either] = [0, 0, 0, 0];
    await this.#runEach(model, (values) => {
      for (const name of this.#outputs) {
        const [a, b] = [values[name] ?? [], this.#expected[image]?.[name] ?? []];
        const threshold = thresholdOf(b);
        for (let at = 0; at < b.length; at++) {
          const [found, wanted] = [a[at] ?? Number.NaN, b[at] ?? Number.NaN];
          const difference = Math.abs(found - wanted);
          // Also NaN is larger than what is allowed.
          if (!(difference <= maxAbs))
            maxAbs = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
          both += 2 * Number(found >= threshold && wanted >= threshold);
          either += Number(found >= threshold) + Number(wanted >= threshold);
        }
      }
      image++;
    });
    return { images: image, maxAbs, dscDrop: either === 0 ? 0 : 1 - both / either };
  }
}

/** Where a mask is cut: probabilities at 1/2, logits at 0. */
function thresholdOf(values: ArrayLike<number>): number {
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value < -1e-3 || value > 1 + 1e-3) return 0;
  }
  return 0.5;
}
