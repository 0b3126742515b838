import { type Command, InvalidArgumentError, Option } from 'commander';
import { NmodeError } from '../../../graph/common/errors.js';
import { type Background, parseBackground } from '../../../graph/common/recipe.js';
import { APPLIED_HEADS } from '../../../runtime/input-spec.js';
import { choice } from './options.js';
import { greyOption, recipeOption } from './recipe-flags.js';

/** @param head what is done with the head, in a few words */
export function addModelFlags(
  command: Command,
  head = 'applied to the logits that a model ends in',
): Command {
  return command
    .addOption(recipeOption("the model's own; the release's, told as assumed, where it has none"))
    .option('--strict-recipe', 'refuse a model that does not say how images are prepared, without --recipe')
    .addOption(greyOption())
    .addOption(choice('--head <head>', head, APPLIED_HEADS))
    .addOption(backgroundOption());
}

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
