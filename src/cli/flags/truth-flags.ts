import type { Command } from 'commander';
import { parseColour, parseLabel } from './arguments.js';

/** How masks of ground truth are read. */
export function addTruthFlags(command: Command): Command {
  return command
    .option('--truth-label <n>', 'grey value or palette index of the foreground', parseLabel)
    .option('--truth-colour <r,g,b>', 'colour of the foreground', parseColour)
    .option('--ignore-label <n>', 'grey value or palette index of pixels that are not counted', parseLabel);
}
