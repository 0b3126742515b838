import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { inImageForm } from '../../graph/lifting/image-form.js';
import { openBytes, type SessionOptions } from '../../runtime/node/sessions/session.js';
import type { FloatOutputs, Inputs } from '../../runtime/sessions/tensors.js';
import type { Watch } from './watch.js';

export type RunAllOptions = Pick<SessionOptions, 'graphOptimization' | 'threads'> & Watch;

/**
 * Bytes of a model up to which its thread is kept for the next, since models are compared one after another: larger ones leave as
 * much in memory, and take longer to open than a thread to start.
 */
const SMALL = 2 ** 24;

/** Runs a model on the CPU on each of its inputs; on the first alone, or as many as there is time for. */
export async function runAll(
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
