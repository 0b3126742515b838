import { extname } from 'node:path';
import { imageSize, planExport } from '../../exporters/assembly/export-plan.js';
import { openCheckpoint } from '../../exporters/checkpoints/open.js';
import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import { loadModel } from '../../runtime/node/model.js';
import { checkpointTeacher } from '../slimming/checkpoint-teacher.js';
import { modelTeacher } from '../slimming/model-teacher.js';
import type { SlimOptions } from '../slimming/options.js';
import type { Teacher } from '../slimming/teacher.js';
import { skipsIn } from './skips.js';
import { withStructure } from './structure.js';

/** A teacher that is open, and how it is closed. */
export interface OpenTeacher {
  readonly teacher: Teacher;
  readonly notes: readonly string[];
  close(): void;
}

/**
 * Opens what is to learn from: an .onnx model by that ending, otherwise a checkpoint.
 * @throws NmodeError (BAD_MODEL, BAD_CHECKPOINT, BAD_USAGE, CANNOT_RUN)
 */
export async function openTeacher(options: SlimOptions): Promise<OpenTeacher> {
  return extname(options.network).toLowerCase() === '.onnx' ? ofModel(options) : ofCheckpoint(options);
}

const OF_CHECKPOINTS = ['key', 'prefix', 'ignore', 'backbone', 'assume'] as const;

async function ofModel(options: SlimOptions): Promise<OpenTeacher> {
  const { network, force = false, size, head } = options;
  const refused = OF_CHECKPOINTS.find((name) => options[name] !== undefined);
  if (refused !== undefined) {
    throw new NmodeError('BAD_USAGE', `${network}: ${option(refused)} has a meaning for checkpoints alone`);
  }
  const loaded = await loadModel(network);
  const proposed = options.skips === undefined ? await skipsIn(loaded) : undefined;
  const skips = options.skips ?? proposed?.skips.map(({ tensor }) => tensor) ?? [];
  const sizing = size && { sizing: { kind: 'resize' as const, ...size } };
  const teacher = await modelTeacher(loaded, {
    ...pick(options, ['window', 'grey', 'background', 'classNames', 'outputName']),
    ...{ skips, force },
    ...(head !== undefined && { head }),
    ...((options.recipe || sizing) && { recipe: { ...options.recipe, ...sizing } }),
  });
  const notes = proposed ? [`the decoder stands on the proposed tensors ${skips.join(', ')}`] : [];
  return { teacher, notes, close: () => {} };
}

async function ofCheckpoint(options: SlimOptions): Promise<OpenTeacher> {
  const { network, assume, head } = options;
  const refused = (['skips', 'outputName'] as const).find((name) => options[name] !== undefined);
  if (refused !== undefined) {
    throw new NmodeError(
      'BAD_USAGE',
      `${network}: ${option(refused)} has a meaning for .onnx models alone: of a checkpoint's network it is known`,
    );
  }
  const checkpoint = await openCheckpoint(network, options.key, pick(options, ['prefix', 'ignore']));
  try {
    const { decoder: _, activation: __, solverOptions: ___, size, ...others } = options;
    const asked = planExport({
      ...others,
      ...(head !== undefined && { head }),
      size: { batch: 1, ...(size ?? imageSize(options)) },
    });
    const { plan, notes } = await withStructure(checkpoint, asked, {
      ...{ assume, reference: undefined, tolerance: {} },
    });
    return { teacher: checkpointTeacher(checkpoint, plan), notes, close: () => checkpoint.close() };
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}
