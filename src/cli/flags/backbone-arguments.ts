import { InvalidArgumentError, Option } from 'commander';
import type { NamedArguments } from '../../../exporters/backbones/backbone.js';
import { reason } from '../../../graph/common/errors.js';
import { textOf } from './text-file.js';

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
