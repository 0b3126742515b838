import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { inImageForm } from '../../graph/lifting/image-form.js';
import { createSession, type SessionOptions } from '../../runtime/node/sessions/session.js';
import type { Inputs, Outputs } from '../../runtime/sessions/tensors.js';

export interface RunAllOptions extends Pick<SessionOptions, 'graphOptimization' | 'threads'> {
  readonly signal?: AbortSignal | undefined;
}

/** Runs a model on the CPU on each of its inputs. */
export async function runAll(
  model: Model,
  feeds: readonly Inputs[],
  { signal, ...settings }: RunAllOptions,
  take: (outputs: Outputs, index: number) => void,
): Promise<void> {
  await using session = await createSession(encodeModel(inImageForm(model)), {
    providers: ['cpu'],
    transfer: true,
    ...settings,
  });
  for (const [index, input] of feeds.entries()) {
    signal?.throwIfAborted();
    take(await session.run(input, signal && { signal }), index);
  }
}
