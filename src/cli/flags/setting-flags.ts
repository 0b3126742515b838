import { type Command, InvalidArgumentError, Option } from 'commander';
import type { NamedArguments } from '../../../exporters/backbones/backbone.js';
import {
  ACTIVATION_CHOICES,
  type ActivationName,
  isActivationName,
} from '../../../exporters/nn/activations.js';
import { PADDINGS, POOLINGS, UPSAMPLINGS } from '../../../exporters/nn/settings.js';
import { reason } from '../../../graph/common/errors.js';
import { numberThat } from './arguments.js';
import { choice } from './options.js';
import { textOf } from './text-file.js';

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
    .addOption(choice('--pooling <pooling>', 'how the network pools (default: as in its code)', POOLINGS))
    .option(
      '--backbone-activation <name>',
      `replaces the backbone's activations: ${ACTIVATION_CHOICES}`,
      parseActivation,
    );
}

/** What a decoder has, too. */
export function addSettingFlags(command: Command): Command {
  return command
    .option(
      '--block-activation <name>',
      "replaces the ReLU in an nmODE decoder's blocks; takes the same names (default: relu)",
      parseActivation,
    )
    .option(
      '--bn-eps <eps>',
      "eps of every BatchNorm (default: as in the network's code, usually 1e-5)",
      parseEpsilon,
    )
    .addOption(choice('--padding <mode>', 'padding_mode of padded convolutions (default: zeros)', PADDINGS))
    .addOption(
      choice(
        '--upsample <mode>',
        "how features are interpolated (default: as in the network's code)",
        UPSAMPLINGS,
      ),
    )
    .option('--align-corners', "align_corners of bilinear upsampling (default: as in the network's code)")
    .option('--no-align-corners', 'no align_corners in bilinear upsampling');
}

/** What the class of a backbone's network was called with: JSON, or a file of it. */
export const backboneArgumentsOption = (): Option =>
  new Option(
    '--backbone-arguments <json>',
    `with --backbone smp.unet, monai.unet and similar: arguments of the constructor, as JSON ('{"encoder_name": "resnet50"}') or a .json file (default: from config.json or a bundle next to the weights, or else from tensor shapes)`,
  ).argParser((text: string): NamedArguments => {
    const isFile = text.endsWith('.json');
    let value: unknown;
    try {
      value = JSON.parse(isFile ? textOf(text) : text);
    } catch (error) {
      throw new InvalidArgumentError(`${isFile ? `${text}: ` : ''}${reason(error)}.`);
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as NamedArguments;
    throw new InvalidArgumentError('Expected a JSON object, for example {"encoder_name": "resnet50"}.');
  });
