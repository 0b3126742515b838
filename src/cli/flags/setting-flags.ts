import { type Command, InvalidArgumentError } from 'commander';
import {
  ACTIVATION_CHOICES,
  type ActivationName,
  isActivationName,
} from '../../../exporters/nn/activations.js';
import { PADDINGS, POOLINGS, UPSAMPLINGS } from '../../../exporters/nn/settings.js';
import { numberThat } from './arguments.js';
import { choice } from './options.js';

function parseActivation(text: string): ActivationName {
  if (isActivationName(text)) return text;
  throw new InvalidArgumentError(`Expected ${ACTIVATION_CHOICES}, for example leaky-relu:0.1.`);
}

const parseEpsilon = numberThat(
  (value) => value >= 0 && value <= 1,
  'a number from 0 to 1, for example 1e-3',
);

/** What a backbone alone has. */
export function addBackboneFlags(command: Command): Command {
  return command
    .addOption(choice('--pooling <pooling>', 'how the network pools (default: as its code)', POOLINGS))
    .option(
      '--backbone-activation <name>',
      `in place of the backbone's own activation: ${ACTIVATION_CHOICES}`,
      parseActivation,
    );
}

/** What a decoder has, too. */
export function addSettingFlags(command: Command): Command {
  return command
    .option(
      '--block-activation <name>',
      "in place of the ReLU in an nmODE decoder's blocks, of the same names (default: relu)",
      parseActivation,
    )
    .option('--bn-eps <eps>', "BatchNorm's eps (default: as the network's code, mostly 1e-5)", parseEpsilon)
    .addOption(choice('--padding <mode>', "convolutions' padding_mode (default: zeros)", PADDINGS))
    .addOption(
      choice(
        '--upsample <mode>',
        "how features are interpolated (default: as the network's code)",
        UPSAMPLINGS,
      ),
    )
    .option('--align-corners', "of bilinear upsampling (default: as the network's code)")
    .option('--no-align-corners', 'of bilinear upsampling');
}
