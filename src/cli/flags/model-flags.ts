import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseClassNames } from '../../../graph/common/class-names.js';
import { NmodeError, reason } from '../../../graph/common/errors.js';
import { LAYOUTS } from '../../../graph/common/layout.js';
import { type Background, parseBackground } from '../../../graph/common/recipe.js';
import { APPLIED_HEADS } from '../../../runtime/output-spec.js';
import { choice } from './options.js';
import { greyOption, recipeOption, windowOption } from './recipe-flags.js';
import { textOf } from './text-file.js';

/** @param head what is done with the head, in a few words */
export function addModelFlags(
  command: Command,
  head = 'head to apply to a model that returns logits',
): Command {
  return command
    .addOption(recipeOption("the model's own, or the release's, reported as assumed"))
    .option('--strict-recipe', 'refuse a model without a recipe, unless --recipe is given')
    .addOption(windowOption())
    .addOption(greyOption())
    .addOption(layoutOption())
    .addOption(choice('--head <head>', head, APPLIED_HEADS))
    .addOption(backgroundOption())
    .addOption(classesOption("the model's own"))
    .option('--output-name <name>', 'for several outputs: the output with the masks (default: the first)');
}

const layoutOption = (): Option =>
  choice('--layout <layout>', "layout of the model's input (default: from its metadata or shape)", LAYOUTS);

export function backgroundOption(): Option {
  return new Option(
    '--background <class>',
    "index of the background class of a softmax, or none (default: the model's own, or 0)",
  ).argParser((text: string): Background => {
    try {
      return parseBackground(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof NmodeError ? `${error.message}.` : '');
    }
  });
}

/** `--classes`: names from a file. @param otherwise what holds without */
export function classesOption(otherwise: string): Option {
  return new Option(
    '--classes <file>',
    `class names: one per line in output order, including the background; or a .json list or dict (default: ${otherwise})`,
  ).argParser((path: string): readonly string[] => {
    try {
      return parseClassNames(textOf(path), /\.json$/i.test(path));
    } catch (error) {
      throw new InvalidArgumentError(`${path}: ${reason(error)}.`);
    }
  });
}
