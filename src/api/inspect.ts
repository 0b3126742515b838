import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { checkOptions, PATH, TEXT } from '../../graph/common/option-kinds.js';
import { type CheckpointReport, inspectCheckpoint } from './inspect-checkpoint.js';
import { inspectModel, type ModelReport } from './inspect-model.js';
import { SELECTION } from './option-kinds.js';

/**
 * Tells what a file holds: an .onnx model by that ending, otherwise a checkpoint.
 * @param key keys of dicts that lead to the state dict of a checkpoint, dotted, or what its keys begin with
 * @param selection which of its keys are the network's
 * @throws NmodeError (BAD_CHECKPOINT, BAD_MODEL, BAD_USAGE)
 */
export async function inspect(
  path: string,
  key?: string,
  selection: KeySelection = {},
): Promise<CheckpointReport | ModelReport> {
  checkOptions({ path, key }, { path: PATH, key: TEXT }, ['path']);
  checkOptions(selection, SELECTION);
  if (!path.toLowerCase().endsWith('.onnx')) return inspectCheckpoint(path, key, selection);
  for (const [name, value] of Object.entries({ key, ...selection })) {
    if (value !== undefined) throw new NmodeError('BAD_USAGE', `${option(name)} does not apply to a model`);
  }
  return inspectModel(path);
}
