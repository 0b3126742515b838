import { elementCount } from '../../../graph/ir/tensor.js';
import { createSession, type Session, type SessionOptions } from '../../../runtime/node/sessions/session.js';
import type { Inputs } from '../../../runtime/sessions/tensors.js';
import { median } from '../../measuring/percentile.js';

/** Runs that are counted, of each in turn, behind some that are not. */
const [WARM_UP, RUNS] = [3, 20];

/**
 * Milliseconds of a run of each of several models, medians: one run of each in turn, so that what else the machine does is shared.
 * @param shape of their one input
 * @param options without `spinning`: threads of the model before would keep the cores, and all would seem to take twice as long
 */
export async function latenciesOf(
  models: readonly Uint8Array[],
  shape: readonly number[],
  options: SessionOptions,
  signal?: AbortSignal,
): Promise<readonly number[]> {
  const sessions: Session[] = [];
  try {
    for (const model of models) sessions.push(await createSession(model, { ...options, spinning: false }));
    // Looks random: some kernels skip zeros.
    const data = Float32Array.from(
      { length: elementCount(shape) },
      (_, i) => (Math.imul(i, 0x9e3779b9) >>> 24) + 0.5,
    );
    const times = sessions.map((): number[] => []);
    for (let run = 0; run < WARM_UP + RUNS; run++) {
      for (const [index, session] of sessions.entries()) {
        const inputs: Inputs = Object.fromEntries(
          session.inputs.map(({ name }) => [name, { dims: shape, data }]),
        );
        const start = performance.now();
        await session.run(inputs, { ...(signal && { signal }) });
        if (run >= WARM_UP) times[index]?.push(performance.now() - start);
      }
    }
    return times.map(median);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}
