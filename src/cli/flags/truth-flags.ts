import type { Command } from 'commander';
import { parseColour, parseLabel } from './arguments.js';

/** How masks of ground truth are read. */
export function addTruthFlags(command: Command): Command {
  return command
    .option(
      '--truth-label <n>',
      'pixels of this grey value or palette index are foreground, all others not',
      parseLabel,
    )
    .option(
      '--truth-colour <r,g,b>',
      'opaque pixels of this colour are foreground, all others not',
      parseColour,
    )
    .option('--ignore-label <n>', 'pixels of this grey value or palette index are not counted', parseLabel);
}
