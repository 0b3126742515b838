import { ofNetwork } from '../../exporters/assembly/assumptions.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { NmodeError, unlessRefused } from '../../graph/common/errors.js';
import * as kind from '../../graph/common/option-kinds.js';
import { type Kinds, taken } from '../../graph/common/option-kinds.js';
import { encodeModel } from '../../graph/file/write.js';
import { type Model, outlineOf } from '../../graph/ir/model.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { type Assumption, assumedStructure, assumptionsIn } from '../../graph/recipe/assumption.js';
import { HEAD_KEY } from '../../graph/recipe/recipe.js';
import { beforeHead } from '../../graph/rewriting/head.js';
import { named } from '../../runtime/common/naming.js';
import { loadModel } from '../../runtime/node/model.js';
import { parseProvider, toleranceOf } from '../../runtime/node/sessions/providers.js';
import {
  createSession,
  type ProviderReport,
  SESSION_KINDS,
  type SessionOptions,
} from '../../runtime/node/sessions/session.js';
import { endOf } from '../../runtime/output-spec.js';
import { cornered, missedHints } from '../parity/hints.js';
import { holdsLogits, namedReference, OF_LOGITS, pairTensors } from '../parity/pair.js';
import { type Parity, type ParityOptions, verifySession } from '../parity/parity.js';
import { meaningsOf } from '../transform/difference.js';
import { withOptions } from './option-kinds.js';

export interface VerifyOptions extends ParityOptions, SessionOptions {
  /** An .onnx file, or its bytes. */
  readonly model: string | Uint8Array;
  /** Inputs and expected outputs, .safetensors or .npz. */
  readonly reference: string;
  /** Largest absolute difference that passes; default what the provider's arithmetic allows, 1e-5 on the CPU. */
  readonly atol?: number;
}

export interface Verification extends Parity {
  readonly provider: ProviderReport;
  /** Possible causes of a miss, one sentence each: logits, an interpolation, or what was assumed at the export. */
  readonly hints: readonly string[];
  /** What else is to be known, one line each: that logits were compared before the head. */
  readonly notes: readonly string[];
  /** What the model's export took for the network itself, and no reference has proven. */
  readonly assumed: readonly Assumption[];
}

const KINDS: Kinds<VerifyOptions> = {
  ...SESSION_KINDS,
  model: kind.either(kind.PATH, ['its bytes', kind.isOf('Uint8Array')]),
  reference: kind.PATH,
  ...kind.each(['atol', 'rtol', 'threshold'], kind.NUMBER),
  scaled: kind.FLAG,
};

/**
 * Runs a model on reference inputs and compares its outputs with the reference's. A miss is a result, not an error.
 * @throws NmodeError (BAD_MODEL, BAD_REFERENCE, BAD_USAGE, CANNOT_RUN); the signal's reason
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  return withOptions(options, KINDS, ['model', 'reference'], verified);
}

async function verified(options: VerifyOptions): Promise<Verification> {
  const { model, reference } = options;
  const { bytes: whole, name, model: loaded } = await loadModel(model, options);
  const tensors = await readReference(reference);
  const logits = logitsOf(loaded, tensors);
  const bytes = logits === undefined ? whole : encodeModel(logits);
  await using session = await createSession(bytes, taken(options, SESSION_KINDS)).catch((error: unknown) => {
    throw named(name, error);
  });
  try {
    const { provider, inputs } = session;
    if (inputs.some(({ dtype }) => dtype.startsWith('uint'))) {
      throw new NmodeError(
        'BAD_REFERENCE',
        'the model takes images as they are, a reference holds prepared pixels: verify the network without its preprocessing, as `exportModel({ reference })` does',
      );
    }
    const atol = options.atol ?? toleranceOf(parseProvider(provider.effective));
    const end = logits ? 'logits' : endOf(outlineOf(loaded).activation, loaded.metadata.get(HEAD_KEY));
    const meanings = meaningsOf(loaded);
    const [first] = loaded.graph.outputs;
    const ends = (output: string) =>
      output === first?.name ? end : (meanings.get(output)?.end ?? 'unknown');
    const rule = logits ? { scaled: options.atol === undefined && !options.rtol } : {};
    const parity = await verifySession(session, tensors, { ...rule, ...options, atol }, ends);
    const assumed = ofNetwork(assumptionsIn(loaded.metadata)).filter(({ verified }) => !verified);
    const hints = parity.pass ? [] : missedHints({ parity, end, assumed, cornered: cornered(loaded) });
    const notes = logits ? [OF_LOGITS] : [];
    return { ...parity, provider, hints, notes, assumed: assumedStructure(loaded.metadata) };
  } catch (error) {
    throw namedReference(reference, named(name, error));
  }
}

/** The model before its head, where that is what a reference holds; undefined where it is compared as it is. */
function logitsOf(model: Model, reference: ReadonlyMap<string, Tensor>): Model | undefined {
  const logits = beforeHead(model);
  if (logits === undefined) return undefined;
  // What does not pair up is told where it is compared.
  const isMeant = unlessRefused(() => holdsLogits(pairTensors(outlineOf(model), reference)), false);
  return isMeant ? logits : undefined;
}
