import type { Command } from 'commander';
import { LEVELS, type Level } from '../../../graph/passes/optimize.js';
import { TARGETS } from '../../../graph/passes/winograd/cost.js';
import { CALIBRATION_METHODS } from '../../../graph/quantization/calibrate.js';
import { PRECISIONS } from '../../transform/precision.js';
import { parsePath, parsePositive, parseProbability, parseTolerance } from './arguments.js';
import { inputsOption } from './model-flags.js';
import { choice } from './options.js';

/** What every command that rewrites a graph takes. */
export function addTransformFlags(command: Command, level: Level = 'standard'): Command {
  return command
    .addOption(choice('--optimize <level>', `how far to rewrite the graph (default: ${level})`, LEVELS))
    .addOption(choice('--target <target>', 'where the model runs (default: cpu)', TARGETS))
    .option(
      '--precompute',
      'with --optimize latency: store transformed weights (four times the size), for runtimes that do not fold constants',
    )
    .addOption(choice('--precision <precision>', 'precision of the computation (default: fp32)', PRECISIONS))
    .option('--calibrate <folder>', 'with --precision int8: folder of representative images', parsePath)
    .addOption(
      choice(
        '--method <method>',
        'calibration of int8 ranges (default: minmax, or the better of the two if that exceeds --max-dsc-drop)',
        CALIBRATION_METHODS,
      ),
    )
    .option(
      '--max-dsc-drop <share>',
      'largest loss of a lower precision, 1 - DSC of the masks (default: 0.003 for int8 and int8-weights, 0.0005 for fp16)',
      parseProbability,
    )
    .addOption(inputsOption('for --images and --calibrate, for models with several channels'))
    .option(
      '--minutes <n>',
      'time limit for the comparison on images, or with --precision int8 for finding sensitive layers (default: none)',
      parsePositive,
    )
    .option(
      '--force',
      'with --precision fp16 or int8: write the model even if less than a tenth of the multiply-adds is in that precision',
    )
    .option(
      '--images <folder>',
      'folder of images for the comparison with the original (default: six bundled ones)',
      parsePath,
    );
}

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
