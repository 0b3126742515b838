import { beforeHead, checkedBy, ofNetwork, withAssumptions } from '../../exporters/assembly/assumptions.js';
import type { Head } from '../../exporters/assembly/head.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { each, type Kinds, NUMBER, PATH, taken } from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import { encodeChunks, encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { optimize } from '../../graph/passes/optimize.js';
import type { Assumption, CheckedAssumption } from '../../graph/recipe/assumption.js';
import { HEAD_KEY } from '../../graph/recipe/recipe.js';
import { writeOutput } from '../files/write-whole.js';
import { holdsLogits, namedReference, OF_LOGITS, type Ports, pairTensors } from '../parity/pair.js';
import type { OutputParity, Parity, ParityOptions } from '../parity/parity.js';
import { givesLogits, parityRule, type ReferenceTolerance, toleranceRecord } from '../parity/tolerance.js';
import { reportOf, type Transformed, type TransformOptions, transform } from '../transform/transform.js';
import { TRANSFORM } from './option-kinds.js';

/** What users say of a model that is made, rewritten, proven and written. */
export interface ProofOptions extends Omit<TransformOptions, 'recipe'>, ReferenceTolerance {
  /** The .onnx file to write. */
  readonly output: string;
  /** Inputs and expected outputs to verify with before anything is written: .safetensors or .npz. */
  readonly reference?: string;
}

export const PROOF: Kinds<ProofOptions> = {
  ...TRANSFORM,
  ...each(['output', 'reference'], PATH),
  ...each(['atol', 'rtol'], NUMBER),
};

/** Options of the rewriting: how images are prepared is in the model already. */
const { recipe: _, window: __, grey: ___, layout: ____, ...REWRITING } = TRANSFORM;

export interface ReferenceParity extends Parity {
  /** What was run: the file as written, or the network in float32 before it was lowered or put behind its images. */
  readonly of: 'file' | 'network';
}

/** What is said of every model that is made and written. */
export interface ProofReport extends Omit<Transformed, 'model'> {
  readonly output: string;
  readonly bytes: number;
  readonly parameters: number;
  /** The input sizes at which multiply-adds are counted. */
  readonly macsAt: readonly number[];
  readonly nodes: number;
  readonly opset: number;
  readonly input: readonly (number | string)[];
  /** Height and width of images must be multiples of this. */
  readonly sizeMultiple: number;
  /** Assumptions about what neither files nor options specify, and whether the reference has proven them. */
  readonly assumed: readonly CheckedAssumption[];
  readonly notes: readonly string[];
  /** The comparison with the reference, where one was given. */
  readonly verified?: ReferenceParity;
}

/** A model as it was made. */
export interface Made {
  readonly model: Model;
  /** What messages call it. */
  readonly name: string;
  readonly head: Head;
  readonly assumed: readonly Assumption[];
  readonly notes: readonly string[];
  /** Whether `standard` in fp32 needs no comparison on images. */
  readonly isProven: boolean;
  /** Makes the network inside a model that takes images: a reference holds prepared pixels. */
  readonly network?: () => Model;
  /** Makes the network without its head, for a reference of logits. */
  readonly withoutHead?: () => Model;
}

/**
 * Rewrites a model, holds it against the reference where there is one, and writes it.
 * @throws NmodeError: BAD_USAGE, BAD_MODEL, BAD_IMAGE, BAD_REFERENCE, CANNOT_RUN, CANNOT_WRITE; CHECK_FAILED where it differs
 *   by more than is allowed. In every case nothing is written.
 */
export async function writeProven(made: Made, options: ProofOptions) {
  const { reference } = options;
  const rewriting = taken(options, REWRITING);
  const isVerified = reference !== undefined;
  const prepared = isVerified ? made.network?.() : undefined;
  const isOfLogits =
    isVerified &&
    made.withoutHead !== undefined &&
    (await areLogits(reference, (prepared ?? made.model).graph));
  const notes = isOfLogits ? [...made.notes, OF_LOGITS] : made.notes;
  const rule = parityRule(isOfLogits || givesLogits(made.head, made.model), options, isVerified);
  const provable = isOfLogits ? beforeHead : ofNetwork;
  const assumed = checkedBy(made.assumed, isVerified, provable(made.assumed));
  const built = withAssumptions(made.model, assumed, isVerified ? toleranceRecord(rule) : undefined);
  const transformed = await transform(built, made.name, rewriting, made.isProven);
  const { model, level, precision } = transformed;
  // A reference asks for 1e-5, so that a model in lower precision is verified before it is lowered.
  const isWhole = !isOfLogits && prepared === undefined && precision === 'fp32';
  const inFloat = () =>
    optimize((isOfLogits ? made.withoutHead?.() : prepared) ?? built, {
      ...pick(rewriting, ['target', 'precompute']),
      level,
    }).model;
  const network = isVerified ? (isWhole ? model : inFloat()) : undefined;
  const verifiable = { model, network, notes, rule, assumed: provable(assumed) };
  const { bytes, verified } = await writeVerified(verifiable, options);
  return { model, transformation: reportOf(transformed), assumed, notes, bytes, verified };
}

/** Whether a reference holds what a network returns before its head. @throws NmodeError (BAD_REFERENCE) */
async function areLogits(reference: string, ports: Ports): Promise<boolean> {
  const tensors = await readReference(reference);
  try {
    return holdsLogits(pairTensors(ports, tensors));
  } catch (error) {
    throw namedReference(reference, error);
  }
}

interface Verifiable {
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

/**
 * Writes a model that matches its reference. With one, what is written is the very bytes that were verified, where these are of the
 * same network.
 * @throws NmodeError (BAD_REFERENCE, CANNOT_RUN, CANNOT_WRITE); CHECK_FAILED where the reference is missed
 */
export async function writeVerified(
  verifiable: Verifiable,
  { output, reference }: Pick<ProofOptions, 'output' | 'reference'>,
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
          `check that the reference was saved after model.eval(), and that ${option('decoder')} (several solvers have the same keys), ${option('activation')}, the form of the solver, ${option('head')} and ${option('key')} are those of the training`,
          ...notes,
          ...missedHints({ parity, end: endOf('unknown', head), assumed }),
        ].join('; note: '),
    );
  }
  return parity;
}
