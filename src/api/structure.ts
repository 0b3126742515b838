import { basename } from 'node:path';
import type { InputSize } from '../../exporters/assembly/build.js';
import type { ExportPlan } from '../../exporters/assembly/export-plan.js';
import { detectIn, shapesOf } from '../../exporters/assembly/network-weights.js';
import { likeliestText } from '../../exporters/backbones/plain/drawing.js';
import {
  faultOf,
  type Hypotheses,
  type Hypothesis,
  hypothesesOf,
} from '../../exporters/backbones/plain/hypotheses.js';
import { type Checkpoint, readReference } from '../../exporters/checkpoints/open.js';
import { UnreadableTensor } from '../../exporters/checkpoints/unreadable.js';
import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { ReferenceTolerance } from '../parity/tolerance.js';

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
    throw new NmodeError(
      'BAD_USAGE',
      `${option('assume')} has no meaning with ${option('backbone')}: both say what the network is`,
    );
  }
  if (plan.backbone !== undefined) return { plan, notes: [] };
  const unknown = whyUnknown(checkpoint);
  if (unknown === undefined) {
    if (assume === undefined) return { plan, notes: [] };
    const { backbone } = detectIn(checkpoint).network;
    throw new NmodeError(
      'BAD_USAGE',
      `${file}: ${option('assume')} has no meaning: its keys are those of ${backbone}`,
    );
  }
  const hypotheses = hypothesesIn(checkpoint);
  const { all } = hypotheses;
  if (all.length === 0) throw refusal(checkpoint, hypotheses, unknown);
  if (assume !== undefined) {
    const taken = all.find(({ id }) => id === assume);
    if (taken !== undefined) return { plan: planOf(plan, taken), notes: [] };
    throw new NmodeError(
      'BAD_USAGE',
      `${file}: ${option('assume', assume)}: there is no such hypothesis; the likeliest is ${at(all, 0).id}`,
      {
        detail: likeliestText(all),
      },
    );
  }
  if (reference === undefined) {
    throw new NmodeError(
      'BAD_USAGE',
      `${file}: its keys are those of no known network, its shapes those of plain U-Nets, of which ${at(all, 0).id} is the likeliest: give ${option('reference')}, which tells them apart (docs/plain-unets.md), or take one with ${option('assume')}`,
      { detail: likeliestText(all) },
    );
  }
  const { searchStructure } = await import('./structure-search.js');
  const given = { name: basename(reference), tensors: await readReference(reference) };
  const { hypothesis, head, alike, size } = await searchStructure(checkpoint, plan, all, given, tolerance);
  return {
    plan: planOf({ ...plan, hints: { ...plan.hints, head } }, hypothesis),
    notes:
      alike.length === 0 ? [] : [`the reference does not tell ${hypothesis.id} from ${alike.join(' or ')}`],
    ...(!takes(plan, size) && { provenAt: size }),
  };
}

/** What a checkpoint's shapes allow; of a layer that is registered twice, its first keys alone are looked at where all lead nowhere. */
export function hypothesesIn(checkpoint: Checkpoint): Hypotheses {
  const shapes = shapesOf(checkpoint);
  const hypotheses = hypothesesOf(shapes);
  if (hypotheses.all.length > 0) return hypotheses;
  const repeated = repeatedModules(checkpoint);
  if (repeated.size === 0) return hypotheses;
  const distinct = hypothesesOf(new Map([...shapes].filter(([key]) => !repeated.has(moduleOf(key)))));
  return distinct.all.length > 0 ? distinct : hypotheses;
}

const moduleOf = (key: string) => key.slice(0, Math.max(0, key.lastIndexOf('.')));

/** Modules whose weight another has as well: bytes that are the same in two trained layers are one layer's. */
function repeatedModules({ tensors }: Checkpoint): ReadonlySet<string> {
  const repeated = new Set<string>();
  const known = new Map<string, Uint8Array[]>();
  for (const [key, tensor] of tensors) {
    if (tensor.dims.length !== 4 || tensor instanceof UnreadableTensor) continue;
    const [shape, bytes] = [String(tensor.dims), tensor.bytes()];
    const others = known.get(shape) ?? [];
    if (others.some((other) => Buffer.compare(other, bytes) === 0)) repeated.add(moduleOf(key));
    else known.set(shape, [...others, bytes]);
  }
  return repeated;
}

/** Whether a model of the plan's size takes a reference of another. */
function takes({ graph: { size } }: ExportPlan, given: Required<InputSize>): boolean {
  const { batch = given.batch, height = given.height, width = given.width } = size;
  return given.batch % batch === 0 && height === given.height && width === given.width;
}

/** Why the network is not known by its keys; undefined where it is. */
function whyUnknown(checkpoint: Checkpoint): NmodeError | undefined {
  try {
    detectIn(checkpoint);
    return undefined;
  } catch (error) {
    if (error instanceof NmodeError && error.code === 'BAD_CHECKPOINT') return error;
    throw error;
  }
}

function refusal({ file }: Checkpoint, hypotheses: Hypotheses, unknown: NmodeError): NmodeError {
  const fault = faultOf(hypotheses);
  if (fault === undefined) return unknown;
  return new NmodeError(
    'BAD_CHECKPOINT',
    `${file}: its keys are those of no known network, and its shapes make no plain U-Net: ${fault}; write its encoder with defineBackbone (docs/backbones.md)`,
  );
}

function planOf(plan: ExportPlan, { backbone, id }: Hypothesis): ExportPlan {
  return { ...plan, backbone, assumed: [{ what: 'structure', value: id, option: 'assume' }] };
}
