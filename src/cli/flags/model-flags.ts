import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Assumption, assumptionsText } from '../../../graph/common/assumption.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { type Background, parseBackground, type Recipe } from '../../../graph/common/recipe.js';
import { APPLIED_HEADS, type AppliedHead, type InputSpecOptions } from '../../../runtime/input-spec.js';
import { recipeOption } from './recipe-flags.js';

/** What is said of a model that does not say it itself. */
export interface ModelFlags {
  readonly recipe?: Partial<Recipe>;
  readonly strictRecipe?: true;
  readonly head?: AppliedHead;
  readonly background?: Background;
}

/** @param head what is done with the head, in a few words */
export function addModelFlags(
  command: Command,
  head = 'applied to the logits that a model ends in',
): Command {
  return command
    .addOption(recipeOption("the model's own; the release's, told as assumed, where it has none"))
    .option('--strict-recipe', 'refuse a model that does not say how images are prepared, without --recipe')
    .addOption(new Option('--head <head>', head).choices(APPLIED_HEADS))
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

export function modelOptions({ recipe, strictRecipe, head, background }: ModelFlags): InputSpecOptions {
  return {
    ...(recipe && { recipe }),
    ...(strictRecipe && { strictRecipe }),
    ...(head && { head }),
    ...(background !== undefined && { background }),
  };
}

/** A line of what is assumed; none where nothing is. */
export function assumedLines(assumed: readonly Assumption[]): [string, string][] {
  return assumed.length > 0 ? [['assumed', assumptionsText(assumed)]] : [];
}
