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
  head = 'applied to the logits that a model ends in',
): Command {
  return command
    .addOption(recipeOption("the model's own; the release's, told as assumed, where it has none"))
    .option('--strict-recipe', 'refuse a model that does not say how images are prepared, without --recipe')
    .addOption(windowOption())
    .addOption(greyOption())
    .addOption(layoutOption())
    .addOption(choice('--head <head>', head, APPLIED_HEADS))
    .addOption(backgroundOption())
    .addOption(classesOption("the model's own, or numbers"))
    .option('--output-name <name>', 'of several outputs, the one of the masks (default: the first)');
}

const layoutOption = (): Option =>
  choice(
    '--layout <layout>',
    "where the model has channels (default: the model's own, or as its shape tells)",
    LAYOUTS,
  );

export function backgroundOption(): Option {
  return new Option(
    '--background <class>',
    "of classes that a softmax gives, the one that is no mask: its index, or none (default: the model's own, or 0)",
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
    `names of the classes, one a line in the order of the output, the background's too; or a .json list or dict (default: ${otherwise})`,
  ).argParser((path: string): readonly string[] => {
    try {
      return parseClassNames(textOf(path), /\.json$/i.test(path));
    } catch (error) {
      throw new InvalidArgumentError(`${path}: ${reason(error)}.`);
    }
  });
}
