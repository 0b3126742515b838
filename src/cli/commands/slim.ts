import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { BACKBONE_IDS } from '../../../exporters/backbones/index.js';
import { BLOCKS } from '../../../exporters/decoders/block.js';
import { SOLVER_IDS } from '../../../exporters/decoders/solvers.js';
import { ACTIVATION_NAMES } from '../../../exporters/decoders/variant.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { APPLIED_HEADS } from '../../../runtime/output-spec.js';
import type { SlimOptions } from '../../slimming/options.js';
import { stateOf } from '../../slimming/state.js';
import {
  parseCount,
  parseOutput,
  parsePath,
  parsePositive,
  parseProbability,
  parseSize,
} from '../flags/arguments.js';
import { addCheckpointFlags } from '../flags/checkpoint-flags.js';
import { addSolverFlags, withSolverOptions } from '../flags/decoder-flags.js';
import type { InFlags } from '../flags/flag-words.js';
import { backgroundOption, classesOption } from '../flags/model-flags.js';
import { choice, optionsOf } from '../flags/options.js';
import {
  greyOption,
  inputsOption,
  memoryBudgetOption,
  recipeOption,
  windowOption,
} from '../flags/recipe-flags.js';
import { addSessionFlags, type SessionFlags } from '../flags/session-flags.js';
import { addBackboneFlags, addSettingFlags } from '../flags/setting-flags.js';
import { addTruthFlags } from '../flags/truth-flags.js';
import { printReport } from '../output/print.js';
import { withSlimProgress } from '../output/slim-progress.js';
import { slimText } from '../output/slim-text.js';

interface Flags extends SessionFlags, Omit<SlimOptions, 'network' | 'providers' | 'signal' | 'onProgress'> {
  readonly json?: true;
}

function parseSeed(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 0 to 999999999.');
}

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
    .description("fit an nmODE decoder to a trained network's own answers, on images without labels")
    .argument(
      '<network>',
      'a .pth, .pt or .safetensors file of a network with a decoder of its own, or an .onnx model of any exporter',
    )
    .requiredOption('--images <folder>', 'images like those that it was trained on', parsePath)
    .requiredOption('-o, --output <model.onnx>', 'the file to write', parseOutput)
    .addOption(choice('--decoder <decoder>', 'the solver of the new decoder (default: eed)', SOLVER_IDS))
    .addOption(
      choice(
        '--order <order>',
        'of its convolution, ReLU and BatchNorm (default: CR_B; of ABM: C_R)',
        Object.keys(BLOCKS),
      ),
    )
    .option(
      '--state-channels <n>',
      'channels of its state (default: 3; of ABM: 6, or twice the classes)',
      parseCount,
    )
    .option('--kernel <n>', 'side of its convolutions, odd (default: 3; of ABM: 1)', parseCount)
    .addOption(
      choice(
        '--activation <activation>',
        'between its steps (default: gelu; of ABM: none)',
        ACTIVATION_NAMES,
      ),
    );
  addSolverFlags(command)
    .option(
      '--skips <names>',
      'of an .onnx model, the tensors that the steps take, shallow to deep (default: those that inspect --skips proposes)',
      (text: string) => text.split(',').map((name) => name.trim()),
    )
    .option(
      '--output-name <name>',
      'of an .onnx model with several outputs, the one of the masks (default: the first)',
    )
    .option(
      '--masks <folder>',
      'masks of some of the images, to learn from and to be held against as well',
      parsePath,
    )
    .option(
      '--truth-weight <share>',
      'with --masks: how much of the truth is in what is learnt (default: 0.5)',
      parseProbability,
    );
  addTruthFlags(command)
    .option('--steps <n>', 'steps of the training at most (default: 1200)', parseCount)
    .option('--minutes <n>', 'in place of --steps: about how long the training takes', parsePositive)
    .option('--batch <n>', 'images of a step (default: 8)', parseCount)
    .option('--rate <rate>', 'the largest learning rate (default: 0.02)', parsePositive)
    .option(
      '--augment',
      'learn from views of each image as well: turned, mirrored, scaled, in another light (default)',
    )
    .option('--no-augment', 'learn from each image as it is')
    .option('--seed <n>', 'of first weights, split and order of images (default: 0)', parseSeed)
    .option(
      '--hold-out <share>',
      'of the images, to choose the best weights (default: 0.2)',
      parseProbability,
    )
    .option(
      '--min-agreement <dsc>',
      "the least DSC of the student's masks with its teacher's that is written (default: 0.9)",
      parseProbability,
    )
    .option(
      '--max-dsc-drop <share>',
      "with --masks: how far its DSC may be below its teacher's (default: 0.02)",
      parseProbability,
    )
    .option(
      '--save-weights <file.safetensors>',
      "also write the student's state dict, for PyTorch",
      parsePath,
    )
    .option('--no-int8', 'leave the network in int8 out of the comparison')
    .option('--report <file.html>', 'also write a report with curves and pictures', parsePath)
    .option('--resume', 'go on where an interrupted run of the same output ended')
    .option(
      '--force',
      'write the student whatever it is like, and take an .onnx model that has an nmODE decoder already',
    )
    .addOption(choice('--head <head>', 'what the network ends in, where it does not say', APPLIED_HEADS))
    .addOption(backgroundOption())
    .addOption(classesOption("the network's own, or numbers"))
    .addOption(recipeOption("the network's own, or the release's, told as assumed"))
    .addOption(windowOption())
    .addOption(greyOption())
    .addOption(inputsOption('for several channels'))
    .option('--size <HxW>', "what images are resized to (default: the network's own, or 256x256)", parseSize)
    .addOption(
      choice('--backbone <backbone>', 'what a checkpoint is; by default its keys tell', BACKBONE_IDS),
    )
    .option('--assume <id>', 'of a checkpoint that is known by its structure alone: which one')
    .option(
      '--reference <file>',
      "a checkpoint's inputs and outputs, which prove its network (.safetensors or .npz)",
      parsePath,
    )
    .addOption(memoryBudgetOption('of features; what is beyond it is in a file beside the output', 250))
    .option('--json', 'print one JSON document');
  addSessionFlags(addSettingFlags(addBackboneFlags(addCheckpointFlags(command)))).action(
    async (network: string, flags: Flags) => {
      const { slim } = await import('../../api/slim.js');
      const options = { ...withSolverOptions(optionsOf(flags)), network };
      const report = await withSlimProgress((watching) => slim({ ...options, ...watching })).catch(
        (error: unknown) => {
          throw withState(error, stateOf(options.output));
        },
      );
      const notes = await Promise.all(report.notes.map(inFlags));
      printReport({ ...report, notes }, flags.json, slimText);
    },
  );
}
