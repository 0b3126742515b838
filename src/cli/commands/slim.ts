import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { BACKBONE_IDS } from '../../../exporters/backbones/index.js';
import { BLOCKS } from '../../../exporters/decoders/block.js';
import { SOLVER_IDS } from '../../../exporters/decoders/solvers.js';
import { ACTIVATION_NAMES } from '../../../exporters/decoders/variant.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { APPLIED_HEADS } from '../../../runtime/output-spec.js';
import { stateOf } from '../../slimming/fitting/state.js';
import { BOUNDS, LEAST_STEPS } from '../../slimming/option-kinds.js';
import type { SlimOptions } from '../../slimming/slim-options.js';
import {
  parseCount,
  parseNames,
  parseOutput,
  parsePath,
  parsePositive,
  parseProbability,
  parseSize,
  wholeFrom,
} from '../flags/arguments.js';
import { addCheckpointFlags } from '../flags/checkpoint-flags.js';
import { addSolverFlags, withSolverOptions } from '../flags/decoder-flags.js';
import type { InFlags } from '../flags/flag-words.js';
import {
  backgroundOption,
  classesOption,
  greyOption,
  inputsOption,
  recipeOption,
  windowOption,
} from '../flags/model-flags.js';
import { choice, type FlagsOf, optionsOf } from '../flags/options.js';
import { addSessionFlags, addTruthFlags, memoryBudgetOption } from '../flags/run-flags.js';
import { addBackboneFlags, addSettingFlags } from '../flags/setting-flags.js';
import { warn } from '../output/notes.js';
import { printReport } from '../output/print.js';
import { withSlimProgress } from '../output/slim-progress.js';
import { slimText } from '../output/slim-text.js';

/** Says of an interruption what is kept of the training, and how it goes on. */
function withState(error: unknown, state: string): unknown {
  if (!(error instanceof NmodeError) || error.code !== 'INTERRUPTED') return error;
  const kept = existsSync(state)
    ? `the training is kept in ${state}: the same command with ${option('resume')} goes on`
    : 'no step was taken yet, and nothing is kept';
  return new NmodeError('INTERRUPTED', `interrupted: ${kept}`, { cause: error });
}

export function addSlim(program: Command, inFlags: InFlags): void {
  const command = program
    .command('slim')
    .description(
      "replace a network's decoder by an nmODE decoder, fitted to its own predictions on unlabelled images",
    )
    .argument(
      '<network>',
      'a checkpoint with its own decoder, or a folder as for inspect; or an .onnx model of any exporter',
    )
    .requiredOption('--images <folder>', 'images like those that the network was trained on', parsePath)
    .requiredOption('-o, --output <model.onnx>', 'output file', parseOutput)
    .addOption(choice('--decoder <decoder>', 'solver of the new decoder (default: eed)', SOLVER_IDS))
    .addOption(
      choice(
        '--order <order>',
        'order of convolution, ReLU and BatchNorm in its blocks (default: CR_B; for ABM: C_R)',
        Object.keys(BLOCKS),
      ),
    )
    .option(
      '--state-channels <n>',
      'state channels (default: 3; for ABM: 6 or twice the classes)',
      parseCount,
    )
    .option('--kernel <n>', 'kernel size, odd (default: 3; for ABM: 1)', parseCount)
    .addOption(
      choice(
        '--activation <activation>',
        'activation between solver steps (default: gelu; for ABM: none)',
        ACTIVATION_NAMES,
      ),
    );
  addSolverFlags(command)
    .option(
      '--skips <names>',
      'for an .onnx model: the tensors for the solver steps, shallow to deep (default: as inspect --skips proposes)',
      parseNames,
    )
    .option(
      '--output-name <name>',
      'for an .onnx model with several outputs: the output with the masks (default: the first)',
    )
    .option(
      '--masks <folder>',
      'ground-truth masks of some of the images, for training and evaluation',
      parsePath,
    )
    .option(
      '--truth-weight <share>',
      'with --masks: weight of the ground truth in the training targets (default: 0.5)',
      parseProbability,
    );
  addTruthFlags(command)
    .option(
      '--steps <n>',
      `maximum number of training steps, at least ${BOUNDS.steps[0]}: ${LEAST_STEPS} (default: 1200)`,
      wholeFrom(...BOUNDS.steps, LEAST_STEPS),
    )
    .option('--minutes <n>', 'instead of --steps: approximate training time', parsePositive)
    .option('--batch <n>', 'training batch size (default: 8)', wholeFrom(...BOUNDS.batch))
    .option('--rate <rate>', 'peak learning rate (default: 0.02)', parsePositive)
    .option(
      '--augment',
      'train on augmented views too: rotated, mirrored, scaled, changed in brightness (default)',
    )
    .option('--no-augment', 'train on each image as it is')
    .option(
      '--seed <n>',
      'random seed of weights, split and order of images (default: 0)',
      wholeFrom(...BOUNDS.seed),
    )
    .option(
      '--hold-out <share>',
      'fraction of the images that selects the best weights (default: 0.2)',
      parseProbability,
    )
    .option(
      '--min-agreement <dsc>',
      "lowest DSC of the student's masks with the teacher's at which the student is written (default: 0.9)",
      parseProbability,
    )
    .option(
      '--max-dsc-drop <share>',
      'with --masks: largest loss of DSC relative to the teacher (default: 0.02)',
      parseProbability,
    )
    .option(
      '--save-weights <file.safetensors>',
      "also write the student's state dict, for PyTorch",
      parsePath,
    )
    .option('--no-int8', 'do not compare with the network in int8')
    .option('--report <file.html>', 'also write a report with curves and pictures', parsePath)
    .option('--resume', 'resume an interrupted run with the same output')
    .option(
      '--force',
      'write the student regardless of its figures, and accept an .onnx model that already has an nmODE decoder',
    )
    .addOption(choice('--head <head>', 'head of the network, if unknown', APPLIED_HEADS))
    .addOption(backgroundOption())
    .addOption(classesOption("the network's own"))
    .addOption(recipeOption("the network's own, or the release's, reported as assumed"))
    .addOption(windowOption())
    .addOption(greyOption())
    .addOption(inputsOption('for models with several channels'))
    .option(
      '--size <HxW>',
      "size to which images are resized (default: the network's own, or 256x256)",
      parseSize,
    )
    .addOption(
      choice(
        '--backbone <backbone>',
        'for a checkpoint: the network (default: recognised by its keys)',
        BACKBONE_IDS,
      ),
    )
    .option('--assume <id>', 'which network to assume when only its structure is known')
    .option(
      '--reference <file>',
      'inputs and outputs of the checkpoint, to verify the network (.safetensors or .npz)',
      parsePath,
    )
    .addOption(memoryBudgetOption('for features; the rest goes to a file next to the output', 250))
    .option('--json', 'print one JSON document');
  addSessionFlags(addSettingFlags(addBackboneFlags(addCheckpointFlags(command)))).action(
    async (network: string, flags: FlagsOf<SlimOptions, 'network'>) => {
      const { slim } = await import('../../api/slim.js');
      const options = { ...withSolverOptions(optionsOf(flags)), network };
      const report = await withSlimProgress(flags.json, (watching) =>
        slim({ ...options, ...watching }),
      ).catch((error: unknown) => {
        throw withState(error, stateOf(options.output));
      });
      const notes = await Promise.all(report.notes.map(inFlags));
      printReport<'slim'>({ ...report, notes }, flags.json, slimText);
      report.warnings.forEach(warn);
    },
  );
}
