import { type Command, Option } from 'commander';
import { DEFAULT_THRESHOLD } from '../../../runtime/masks/threshold.js';
import { type ProviderChoice, parseProvider } from '../../../runtime/node/sessions/providers.js';
import {
  megabytesUpTo,
  parseColour,
  parseCount,
  parseLabel,
  parseProbability,
  parseSpacing,
} from './arguments.js';

export function parseProviders(text: string): ProviderChoice {
  return text === 'auto' ? 'auto' : text.split(',').map((name) => parseProvider(name.trim()).name);
}

export function addSessionFlags(command: Command): Command {
  command.option(
    '--provider <p,...>',
    'providers to try in order, then cpu: cpu, cuda, cuda:1, webgpu, ...; auto selects the best (default: cpu)',
    parseProviders,
  );
  return addRunFlags(command);
}

export function addRunFlags(command: Command): Command {
  return command
    .option('--strict', 'fail if the first provider does not work')
    .option('--threads <n>', 'CPU threads (default: one per core)', parseCount);
}

/** How images are run that are on their way to masks. */
export function addRunningFlags(command: Command): Command {
  return command
    .option(
      '--mirror',
      'run each input mirrored, too, along the axes that the model names: 2 or 4 runs (default: where it names some)',
    )
    .option('--no-mirror', 'run each input once')
    .option(
      '--spacing <height,width>',
      'size of the pixels of images in mm, for a model that resamples to one (default: 1,1, reported as assumed)',
      parseSpacing,
    )
    .addOption(memoryBudgetOption());
}

const parseMegabytes = megabytesUpTo(1e6);

/** @param of what takes the memory, and what becomes of what is beyond it */
export function memoryBudgetOption(
  of = 'of one run, if images keep their own size; larger images are tiled',
  megabytes = 1074,
): Option {
  return new Option('--memory-budget <MB>', `memory ${of} (default: ${megabytes})`).argParser(
    (text: string) => parseMegabytes(text) * 1e6,
  );
}

/** How images are run, what is done to probabilities to make masks of them, and where the model runs. */
export function addSegmentingFlags(command: Command): Command {
  addRunningFlags(command)
    .option(
      '--threshold <p>',
      `lowest probability inside the mask (default: ${DEFAULT_THRESHOLD}); exclusive classes use argmax instead`,
      parseProbability,
    )
    .option('--fill-holes', 'fill holes in the mask')
    .option('--largest-component', 'keep only the largest connected component')
    .option('--min-area <px>', 'remove connected components with fewer pixels', parseCount);
  return addSessionFlags(command);
}

/** The part of a batch; what it says is read where the environment is known. */
export const shardOption = (): Option =>
  new Option(
    '--shard <i/n>',
    'process shard i of n (0/8 to 7/8), and resume an interrupted one; auto takes i and n from the scheduler',
  );

/** How masks of ground truth are read. */
export function addTruthFlags(command: Command): Command {
  return command
    .option('--truth-label <n>', 'grey value or palette index of the foreground', parseLabel)
    .option('--truth-colour <r,g,b>', 'colour of the foreground', parseColour)
    .option('--ignore-label <n>', 'grey value or palette index of pixels that are not counted', parseLabel);
}
