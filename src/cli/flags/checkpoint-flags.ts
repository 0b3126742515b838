import type { Command } from 'commander';
import type { KeySelection } from '../../../exporters/checkpoints/select-keys.js';

/** Where in a checkpoint the network's weights are. */
export interface CheckpointFlags extends KeySelection {
  readonly key?: string;
}

/** The names of those flags, for what has no place for them. */
export const CHECKPOINT_FLAGS: (keyof CheckpointFlags)[] = ['key', 'prefix', 'ignore'];

export function addCheckpointFlags(command: Command): Command {
  return command
    .option(
      '--key <key>',
      'where the state dict is: a path of dict keys separated by dots, or a prefix of its keys (default: the usual keys)',
    )
    .option(
      '--prefix <prefix>',
      "prefix of the network's keys; other keys are ignored (default: found from known keys)",
    )
    .option(
      '--ignore <pattern>',
      'keys to ignore: a key, a module or a pattern with *; may be repeated',
      (pattern: string, before: readonly string[] = []) => [...before, pattern],
    );
}
