import { NmodeError } from '../graph/errors.js';
import { encodeChunks, encodeModel } from '../graph/file/write.js';
import type { Model } from '../graph/model.js';
import { HEAD_KEY } from '../graph/recipe.js';
import type { Parity } from '../runtime/parity.js';
import { verify } from './verify.js';
import { writeWhole } from './write-whole.js';

export interface Verifiable {
  readonly model: Model;
  /** What a reference is compared with: the model, or its network as it was before it was changed. */
  readonly network: Model | undefined;
  /** What may be why a reference is missed. */
  readonly notes: readonly string[];
}

export interface ReferenceParity extends Parity {
  /** What was run: the file as written, or the network in float32 before it was lowered or put behind its images. */
  readonly of: 'file' | 'network';
}

/**
 * Writes a model that matches its reference. With one, what is written is the very bytes that were verified, where these are of the
 * same network.
 * @throws NmodeError (BAD_REFERENCE, CANNOT_RUN, CANNOT_WRITE); CHECK_FAILED where the reference is missed
 */
export async function writeVerified(
  { model, network, notes }: Verifiable,
  { output, reference }: { readonly output: string; readonly reference?: string },
): Promise<{ bytes: number; verified?: ReferenceParity }> {
  if (network === undefined || reference === undefined)
    return { bytes: await writeWhole(output, encodeChunks(model)) };
  const encoded = encodeModel(network);
  const verified = await verifyOrFail(encoded, network.metadata.get(HEAD_KEY), reference, notes);
  const isWritten = network === model;
  const bytes = await writeWhole(output, isWritten ? encoded : encodeChunks(model));
  return { bytes, verified: { ...verified, of: isWritten ? 'file' : 'network' } };
}

const LOGITS = "the reference's outputs leave [0, 1], so that they are logits: --head none";

/** Probabilities are furthest from the reference where that is none: the worst element tells. */
function expectsLogits({ outputs }: Parity, head?: string): boolean {
  return (
    head !== 'none' && Object.values(outputs).some(({ worst: { expected } }) => expected < 0 || expected > 1)
  );
}

async function verifyOrFail(
  model: Uint8Array,
  head: string | undefined,
  reference: string,
  notes: readonly string[],
): Promise<Parity> {
  const parity = await verify({ model, reference });
  if (!parity.pass) {
    const misses = Object.entries(parity.outputs).map(
      ([name, { maxAbs }]) => `${name} by ${maxAbs.toExponential(2)}`,
    );
    const hints = [...(expectsLogits(parity, head) ? [LOGITS] : []), ...notes];
    throw new NmodeError(
      'CHECK_FAILED',
      `the model misses the reference: ${misses.join(', ')} where ${parity.atol} is allowed; nothing was written. ` +
        [
          'Is all that was told (decoder, activation, LMD form, head, key) that of the training?',
          ...hints,
        ].join(' Note: '),
    );
  }
  return parity;
}
