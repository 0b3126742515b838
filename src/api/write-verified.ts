import type { Assumption } from '../../graph/common/assumption.js';
import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { HEAD_KEY } from '../../graph/common/recipe.js';
import { encodeChunks, encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { writeOutput } from '../files/write-whole.js';
import type { OutputParity, Parity, ParityOptions } from '../parity/parity.js';

export interface Verifiable {
  readonly model: Model;
  /** What a reference is compared with: the model, or its network as it was before it was changed. */
  readonly network: Model | undefined;
  /** What may be why a reference is missed. */
  readonly notes: readonly string[];
  /** What was taken for what the checkpoint does not say. */
  readonly assumed: readonly Assumption[];
  /** What a reference is compared by. */
  readonly rule: ParityOptions;
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
  verifiable: Verifiable,
  { output, reference }: { readonly output: string; readonly reference?: string },
): Promise<{ bytes: number; verified?: ReferenceParity }> {
  const { model, network } = verifiable;
  if (network === undefined || reference === undefined)
    return { bytes: await writeOutput(output, encodeChunks(model)) };
  const encoded = encodeModel(network);
  const verified = await verifyOrFail(encoded, network.metadata.get(HEAD_KEY), reference, verifiable);
  const isWritten = network === model;
  const bytes = await writeOutput(output, isWritten ? encoded : encodeChunks(model));
  return { bytes, verified: { ...verified, of: isWritten ? 'file' : 'network' } };
}

/** '1e-5', or '1e-5 + 1e-4 |reference|'. */
function allowedText({ allowed }: OutputParity, { rtol }: Parity): string {
  const absolute = Number(allowed.toPrecision(2)).toExponential();
  return rtol === 0 ? absolute : `${absolute} + ${rtol} |reference|`;
}

/** @throws NmodeError (BAD_REFERENCE, CANNOT_RUN); CHECK_FAILED where the reference is missed */
export async function verifyOrFail(
  model: Uint8Array,
  head: string | undefined,
  reference: string,
  { notes, assumed, rule }: Pick<Verifiable, 'notes' | 'assumed' | 'rule'>,
): Promise<Parity> {
  // Loaded with what runs a model, which an export without a reference does not need.
  const { verify } = await import('./verify.js');
  // Hints are made of what was assumed, not of what the model says: that it is verified.
  const found = await verify({ model, reference, ...rule });
  const { hints: _, notes: __, assumed: ___, provider: ____, ...parity } = found;
  if (!parity.pass) {
    const { missedHints } = await import('../parity/hints.js');
    const { endOf } = await import('../../runtime/output-spec.js');
    const missed = Object.entries(parity.outputs).filter(([, { pass }]) => !pass);
    const misses = missed.map(
      ([name, output]) =>
        `${name} by ${output.maxAbs.toExponential(2)} where ${allowedText(output, parity)} is allowed`,
    );
    throw new NmodeError(
      'CHECK_FAILED',
      `the model misses the reference: ${misses.join(', ')}; nothing was written. ` +
        [
          `check that the reference was saved after model.eval(), and that ${option('decoder')} (eed, lmd and abm have the same keys), ${option('activation')}, the form of the solver, ${option('head')} and ${option('key')} are those of the training`,
          ...notes,
          ...missedHints({ parity, end: endOf('unknown', head), assumed }),
        ].join('; note: '),
    );
  }
  return parity;
}
