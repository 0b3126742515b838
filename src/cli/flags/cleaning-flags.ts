import type { Command } from 'commander';
import { DEFAULT_THRESHOLD } from '../../../runtime/masks/threshold.js';
import { parseCount, parseProbability } from './arguments.js';

/** What is done to probabilities to make masks of them. */
export function addCleaningFlags(command: Command): Command {
  return command
    .option(
      '--threshold <p>',
      `lowest probability inside the mask (default: ${DEFAULT_THRESHOLD}); exclusive classes use argmax instead`,
      parseProbability,
    )
    .option('--fill-holes', 'fill holes in the mask')
    .option('--largest-component', 'keep only the largest connected component')
    .option('--min-area <px>', 'remove connected components with fewer pixels', parseCount);
}
