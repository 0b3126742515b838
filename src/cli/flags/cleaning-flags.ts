import type { Command } from 'commander';
import { DEFAULT_THRESHOLD } from '../../../runtime/masks/threshold.js';
import { parseCount, parseProbability } from './arguments.js';

/** What is done to probabilities to make masks of them. */
export function addCleaningFlags(command: Command): Command {
  return command
    .option(
      '--threshold <p>',
      `probability from which a pixel belongs to the mask (default: ${DEFAULT_THRESHOLD}); of several classes that exclude each other the most probable one counts`,
      parseProbability,
    )
    .option('--fill-holes', 'background that the mask encloses joins it')
    .option('--largest-component', 'keep the largest connected part only')
    .option('--min-area <px>', 'drop connected parts of fewer pixels', parseCount);
}
