import { extname } from 'node:path';
import { beforeHead, checkedBy, ofNetwork } from '../../exporters/assembly/assumptions.js';
import type { Hints } from '../../exporters/assembly/describe.js';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type ExportPlan, imageSize, planExport } from '../../exporters/assembly/export-plan.js';
import { type Checkpoint, openCheckpoint } from '../../exporters/checkpoints/open.js';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import { encodeModel } from '../../graph/file/write.js';
import { type Assumption, assumedSize } from '../../graph/recipe/assumption.js';
import { RELEASE_SIDE } from '../../graph/recipe/recipe.js';
import { loadModel } from '../../runtime/node/model.js';
import { givesLogits, parityRule } from '../parity/tolerance.js';
import type { SlimOptions } from '../slimming/slim-options.js';
import { checkpointTeacher } from '../slimming/teacher/checkpoint-teacher.js';
import { modelTeacher } from '../slimming/teacher/model-teacher.js';
import type { Teacher } from '../slimming/teacher/teacher.js';
import { skipsIn } from './skips.js';
import { withStructure } from './structure/structure.js';
import { verify } from './verify.js';
import { verifyOrFail } from './write-proven.js';

/** A teacher that is open, and how it is closed. */
export interface OpenTeacher {
  readonly teacher: Teacher;
  readonly notes: readonly string[];
  /** Paths of all files that it was read from. */
  readonly sources: readonly string[];
  close(): void;
}

/**
 * Opens what is to learn from: an .onnx model by that ending, otherwise a checkpoint.
 * @throws NmodeError (BAD_MODEL, BAD_CHECKPOINT, BAD_USAGE, CANNOT_RUN)
 */
export async function openTeacher(options: SlimOptions): Promise<OpenTeacher> {
  return extname(options.network).toLowerCase() === '.onnx' ? ofModel(options) : ofCheckpoint(options);
}

const OF_CHECKPOINTS = ['key', 'prefix', 'ignore', 'backbone', 'assume', 'reference'] as const;

async function ofModel(options: SlimOptions): Promise<OpenTeacher> {
  const { network, force = false, size, head } = options;
  const refused = OF_CHECKPOINTS.find((name) => options[name] !== undefined);
  if (refused !== undefined) throw badUsage(`${network}: ${option(refused)} applies only to checkpoints`);
  const stopping = pick(options, ['signal']);
  const loaded = await loadModel(network, stopping);
  const proposed = options.skips === undefined ? await skipsIn(loaded, stopping) : undefined;
  const skips = options.skips ?? proposed?.skips.map(({ tensor }) => tensor) ?? [];
  const sizing = size && { sizing: { kind: 'resize' as const, ...size } };
  const teacher = await modelTeacher(loaded, {
    ...pick(options, ['window', 'grey', 'background', 'classNames', 'outputName']),
    ...{ skips, force },
    ...(head !== undefined && { head }),
    ...((options.recipe || sizing) && { recipe: { ...options.recipe, ...sizing } }),
  });
  const notes = proposed ? [`the decoder stands on the proposed tensors ${skips.join(', ')}`] : [];
  return { teacher, notes, sources: loaded.sources ?? [], close: () => {} };
}

async function ofCheckpoint(options: SlimOptions): Promise<OpenTeacher> {
  const { network, reference } = options;
  const refused = (['skips', 'outputName'] as const).find((name) => options[name] !== undefined);
  if (refused !== undefined) {
    throw badUsage(
      `${network}: ${option(refused)} applies only to .onnx models: for a checkpoint it is known`,
    );
  }
  const checkpoint = await openCheckpoint(network, options.key, pick(options, ['prefix', 'ignore']));
  try {
    const { plan, notes } = await planOf(checkpoint, options);
    const teacher = checkpointTeacher(checkpoint, plan);
    const close = () => checkpoint.close();
    const sources = [...(checkpoint.sources ?? []), ...(reference === undefined ? [] : [reference])];
    return { teacher: reference === undefined ? teacher : proven(teacher), notes, sources, close };
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}

/** What a checkpoint's network is, held against a reference where there is one. */
async function planOf(checkpoint: Checkpoint, options: SlimOptions) {
  const { decoder: _, activation: __, solverOptions: ___, head, ...others } = options;
  const { size, assume, reference } = options;
  const asked = planExport({ ...others, size: { batch: 1, ...(size ?? imageSize(options)) } });
  // What students learn from are probabilities, whatever a reference holds.
  const { plan, notes } = await withStructure(checkpoint, asked, { assume, reference, tolerance: {} });
  const { head: found, ...hints } = plan.hints;
  const given = head ?? (found === 'none' ? undefined : found);
  const taken = {
    ...plan,
    assumed: [...(plan.assumed ?? []), ...sizeAssumed(options)],
    hints: { ...hints, ...(given !== undefined && { head: given }) },
  };
  const isFound = found === 'none' || (found !== undefined && found === given);
  if (reference !== undefined && !isFound) await prove(checkpoint, taken, reference);
  return { plan: taken, notes };
}

/** The size of images, where nobody says it. */
function sizeAssumed({ size, recipe }: SlimOptions): readonly Assumption[] {
  const isSaid = size !== undefined || recipe?.sizing !== undefined;
  return isSaid ? [] : assumedSize({ kind: 'resize', height: RELEASE_SIDE, width: RELEASE_SIDE }, 'size');
}

/** Holds a network, by its logits or by its probabilities, against a reference. @throws NmodeError (BAD_REFERENCE, CHECK_FAILED) */
async function prove(checkpoint: Checkpoint, plan: ExportPlan, reference: string): Promise<void> {
  const ofHints = (hints: Hints) => {
    const { model, description, notes, assumed } = exportCheckpoint(checkpoint, {
      ...plan,
      ...{ hints, graph: { ...plan.graph, size: {} } },
    });
    const { head } = description;
    const rule = parityRule(givesLogits(head, model), {}, true);
    return { model: encodeModel(model), head, said: { notes, assumed: ofNetwork(assumed), rule } };
  };
  const logits = ofHints({ ...plan.hints, head: 'none' });
  if ((await verify({ model: logits.model, reference, ...logits.said.rule })).pass) return;
  const { model, head, said } = ofHints(plan.hints);
  await verifyOrFail(model, head, reference, said);
}

/** A teacher whose network a reference has proven. */
function proven(teacher: Teacher): Teacher {
  const checked = (assumed: readonly Assumption[]) => checkedBy(assumed, true, beforeHead(assumed));
  return {
    ...teacher,
    assumed: checked(teacher.assumed),
    async student(...args) {
      const student = await teacher.student(...args);
      return { ...student, assumed: checked(student.assumed) };
    },
  };
}
