import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { InputSize } from '../../../exporters/assembly/build.js';
import { type ExportPlan, inputSizeOf } from '../../../exporters/assembly/export-plan.js';
import { PartOfNetwork, SeveralNetworks } from '../../../exporters/assembly/locate.js';
import { detectIn, shapesOf } from '../../../exporters/assembly/network-weights.js';
import { NearMissError } from '../../../exporters/assembly/recognise.js';
import { saidBy } from '../../../exporters/backbones/index.js';
import { likeliestText } from '../../../exporters/backbones/plain/drawing.js';
import {
  faultOf,
  type Hypotheses,
  type Hypothesis,
  hypothesesOf,
  hypothesisOf,
} from '../../../exporters/backbones/plain/hypotheses.js';
import { type Checkpoint, readReference } from '../../../exporters/checkpoints/open.js';
import { UnreadableTensor } from '../../../exporters/checkpoints/unreadable.js';
import { legible, SAVE_WHOLE } from '../../../exporters/nn/weights.js';
import { at } from '../../../graph/common/at.js';
import { badUsage, NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import type { ReferenceTolerance } from '../../parity/tolerance.js';

/** What users say of a network that is known by its structure alone. */
export interface StructureOptions {
  /** The hypothesis that is taken, by its id: `inspect` and a refused export print ids. */
  readonly assume: string | undefined;
  /** Inputs and expected outputs that tell which hypothesis is right. */
  readonly reference: string | undefined;
  readonly tolerance: ReferenceTolerance;
}

/** An export whose network is known. */
export interface Structured {
  readonly plan: ExportPlan;
  readonly notes: readonly string[];
  /** The reference's size, where the network was found by it and the model takes another. */
  readonly provenAt?: InputSize;
}

/**
 * Completes a plan for a checkpoint whose keys are those of no known network: by `assume`, or by the hypothesis that the reference
 * proves.
 * @throws NmodeError (BAD_CHECKPOINT) for what is neither known nor a plain U-Net; BAD_USAGE where several are possible and nothing
 *   says which; BAD_REFERENCE, CANNOT_RUN; CHECK_FAILED where none gives the reference's outputs
 */
export async function withStructure(
  checkpoint: Checkpoint,
  plan: ExportPlan,
  { assume, reference, tolerance }: StructureOptions,
): Promise<Structured> {
  const { file } = checkpoint;
  if (assume !== undefined && plan.backbone !== undefined) {
    throw badUsage(
      `${option('assume')} cannot be combined with ${option('backbone')}: both say what the network is`,
    );
  }
  if (plan.backbone !== undefined) return { plan, notes: [] };
  const unknown = isSaid(checkpoint) ? undefined : whyUnknown(checkpoint);
  if (unknown === undefined) {
    if (assume === undefined) return { plan, notes: [] };
    const { backbone } = detectIn(checkpoint).network;
    throw badUsage(`${file}: ${option('assume')} does not apply: its keys are those of ${backbone}`);
  }
  const located = hypothesesIn(checkpoint);
  const { all } = located;
  if (all.length === 0) throw refusal(checkpoint, located, unknown);
  if (assume !== undefined) {
    const taken = hypothesisOf(located, assume);
    if (taken !== undefined) return { plan: planOf(plan, taken), notes: [] };
    throw new NmodeError(
      'BAD_USAGE',
      `${file}: ${option('assume', assume)}: there is no such hypothesis; the likeliest is ${at(all, 0).id}`,
      { detail: likeliestText(all) },
    );
  }
  if (reference === undefined) {
    const near =
      unknown instanceof NearMissError ? ` (${unknown.near}; where it is that, ${SAVE_WHOLE})` : '';
    throw new NmodeError(
      'BAD_USAGE',
      `${file}: its keys are those of no known network${near}, its shapes those of plain U-Nets, of which ${at(all, 0).id} is the likeliest: give ${option('reference')}, which tells them apart (docs/plain-unets.md), or take one with ${option('assume')}`,
      { detail: likeliestText(all) },
    );
  }
  const { searchStructure } = await import('./structure-search.js');
  const given = { name: basename(reference), tensors: await readReference(reference) };
  const found = await searchStructure(located.checkpoint, plan, located, given, tolerance);
  const { hypothesis, head, alike, size } = found;
  return {
    plan: planOf({ ...plan, hints: { head, ...plan.hints } }, hypothesis),
    notes:
      alike.length === 0
        ? []
        : [`the reference does not distinguish ${hypothesis.id} from ${alike.join(' or ')}`],
    ...(!takes(plan, size) && { provenAt: size }),
  };
}

/** Whether what stands beside the weights says what the network is. @throws NmodeError (BAD_CHECKPOINT) for what cannot be */
export const isSaid = ({ extras = new Map() }: Checkpoint): boolean => saidBy(extras) !== undefined;

/** What shapes allow, and the checkpoint with keys as the network has them. */
export interface Located extends Hypotheses {
  readonly checkpoint: Checkpoint;
}

/**
 * What a checkpoint's shapes allow; where other keys stand beside the network's, what those below a prefix allow.
 * @throws NmodeError (BAD_CHECKPOINT) where there are networks below several
 */
export function hypothesesIn(checkpoint: Checkpoint): Located {
  const whole = { ...distinctHypotheses(checkpoint), checkpoint };
  if (whole.all.length > 0) return whole;
  for (const depth of [1, 2]) {
    const found = prefixesIn(checkpoint, depth).flatMap((prefix) => {
      const below = { ...checkpoint, tensors: tensorsBelow(checkpoint, prefix) };
      const hypotheses = distinctHypotheses(below);
      return hypotheses.all.length > 0 ? [{ ...hypotheses, checkpoint: below, prefix }] : [];
    });
    const [first, ...more] = found;
    if (first === undefined) continue;
    if (more.length === 0) return first;
    const places = found.map(({ prefix }) => `'${legible(prefix)}'`).join(', ');
    throw new NmodeError(
      'BAD_CHECKPOINT',
      `${checkpoint.file}: it may hold ${found.length} plain U-Nets, below ${places}: choose one with ${option('prefix')}`,
    );
  }
  return whole;
}

/** A network has more convolutions than a loss that is saved with it. */
const [LEAST_CONVOLUTIONS, MAX_PREFIXES] = [5, 8];

/** The first modules of keys, with the convolutions of a network below each. */
function prefixesIn({ tensors }: Checkpoint, depth: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const [key, { dims }] of tensors) {
    const prefix = `${key.split('.').slice(0, depth).join('.')}.`;
    if (dims.length === 4 && key.startsWith(prefix)) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  const many = [...counts].filter(([, count]) => count >= LEAST_CONVOLUTIONS);
  return many.slice(0, MAX_PREFIXES).map(([prefix]) => prefix);
}

function tensorsBelow({ tensors }: Checkpoint, prefix: string): Checkpoint['tensors'] {
  const below = [...tensors].filter(([key]) => key.startsWith(prefix));
  return new Map(below.map(([key, tensor]) => [key.slice(prefix.length), tensor]));
}

/** Of a layer that is registered twice, the first keys alone are looked at where all of them lead nowhere. */
function distinctHypotheses(checkpoint: Checkpoint): Hypotheses {
  const shapes = shapesOf(checkpoint);
  const hypotheses = hypothesesOf(shapes);
  if (hypotheses.all.length > 0 || hypotheses.modules.strange.length > 0) return hypotheses;
  const repeated = repeatedModules(checkpoint);
  if (repeated.size === 0) return hypotheses;
  const distinct = hypothesesOf(new Map([...shapes].filter(([key]) => !repeated.has(moduleOf(key)))));
  return distinct.all.length > 0 ? distinct : hypotheses;
}

const moduleOf = (key: string) => key.slice(0, Math.max(0, key.lastIndexOf('.')));

/** Modules whose weight another has as well: bytes that are the same in two trained layers are one layer's. */
function repeatedModules({ tensors }: Checkpoint): ReadonlySet<string> {
  const repeated = new Set<string>();
  const known = new Set<string>();
  for (const [key, tensor] of tensors) {
    if (tensor.dims.length !== 4 || tensor instanceof UnreadableTensor) continue;
    const content = `${tensor.dims} ${createHash('sha256').update(tensor.bytes()).digest('hex')}`;
    if (known.has(content)) repeated.add(moduleOf(key));
    known.add(content);
  }
  return repeated;
}

/** Whether a model of the plan's size takes a reference of another. */
function takes(plan: ExportPlan, given: Required<Omit<InputSize, 'depth'>>): boolean {
  const size = inputSizeOf(plan);
  const { batch = given.batch, height = given.height, width = given.width } = size;
  return given.batch % batch === 0 && height === given.height && width === given.width;
}

/** Why the network is not known by its keys; undefined where it is. @throws NmodeError where several are */
function whyUnknown(checkpoint: Checkpoint): NmodeError | undefined {
  try {
    detectIn(checkpoint);
    return undefined;
  } catch (error) {
    const isUnknown = error instanceof NmodeError && error.code === 'BAD_CHECKPOINT';
    if (isUnknown && !(error instanceof SeveralNetworks || error instanceof PartOfNetwork)) return error;
    throw error;
  }
}

function refusal({ file }: Checkpoint, hypotheses: Hypotheses, unknown: NmodeError): NmodeError {
  const fault = unknown instanceof NearMissError ? undefined : faultOf(hypotheses);
  if (fault === undefined) return unknown;
  return new NmodeError(
    'BAD_CHECKPOINT',
    `${file}: its keys are those of no known network, and its shapes make no plain U-Net: ${fault}; where keys are missing, ${SAVE_WHOLE}; else write its encoder with defineBackbone (docs/backbones.md)`,
  );
}

function planOf(plan: ExportPlan, { backbone, id }: Hypothesis): ExportPlan {
  return { ...plan, backbone, assumed: [{ what: 'structure', value: id, option: 'assume' }] };
}
