import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { checkArgument, checkOptions, type Kinds, SIGNAL, TEXT } from '../../graph/common/option-kinds.js';
import { type FilePath, pathOf } from '../../runtime/node/path-of.js';
import { type CheckpointReport, inspectCheckpoint } from './inspect-checkpoint.js';
import { inspectModel, type ModelReport } from './inspect-model.js';
import { SELECTION } from './option-kinds.js';

/** Options of `inspect`: which keys of a checkpoint are the network's. */
export interface InspectOptions extends KeySelection {
  /** Stops before what is read next. */
  readonly signal?: AbortSignal;
}

const KINDS: Kinds<InspectOptions> = { ...SELECTION, signal: SIGNAL };

/**
 * Tells what a file holds: an .onnx model by that ending, otherwise a checkpoint.
 * @param key keys of dicts that lead to the state dict of a checkpoint, dotted, or what its keys begin with
 * @throws NmodeError (BAD_CHECKPOINT, BAD_MODEL, BAD_USAGE); the signal's reason
 */
export async function inspect(
  path: FilePath,
  key?: string,
  options: InspectOptions = {},
): Promise<CheckpointReport | ModelReport> {
  const file = pathOf(path, 'path');
  if (key !== undefined) checkArgument('key', key, TEXT);
  checkOptions(options, KINDS);
  const { signal, ...selection } = options;
  signal?.throwIfAborted();
  if (!file.toLowerCase().endsWith('.onnx')) return inspectCheckpoint(file, key, selection, signal);
  for (const [name, value] of Object.entries({ key, ...selection })) {
    if (value !== undefined) throw badUsage(`${option(name)} does not apply to a model`);
  }
  return inspectModel(file, signal);
}
