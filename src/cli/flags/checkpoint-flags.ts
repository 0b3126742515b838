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
      'where in the checkpoint the state dict is: keys of dicts with dots between, or what its keys begin with; found under the usual keys',
    )
    .option(
      '--prefix <prefix>',
      "what the network's keys begin with; others are left aside (default: found by the keys of known networks)",
    )
    .option(
      '--ignore <pattern>',
      'keys to leave aside: a key, a module or a pattern with *; may be repeated',
      (pattern: string, before: readonly string[] = []) => [...before, pattern],
    );
}
