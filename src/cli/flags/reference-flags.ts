import type { Command } from 'commander';
import { parseTolerance } from './arguments.js';

/** @param what the model that is compared */
export function addReferenceFlags(command: Command, what: string): Command {
  return command
    .option(
      '--reference <file>',
      `inputs and PyTorch outputs (.safetensors, .npz) that ${what} must reproduce`,
    )
    .option(
      '--atol <tolerance>',
      'with --reference: absolute tolerance (default: 1e-5; for logits, 1e-5 of the largest)',
      parseTolerance,
    )
    .option('--rtol <tolerance>', 'with --reference: relative tolerance, added to --atol', parseTolerance);
}
