import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDecimal } from '../../../graph/common/decimal.js';
import { NmodeError, reason } from '../../../graph/common/errors.js';
import { parseClassNames } from '../../../graph/recipe/class-names.js';
import { LAYOUTS } from '../../../graph/recipe/layout.js';
import { type IntensityWindow, NORMALIZATIONS } from '../../../graph/recipe/normalization.js';
import {
  type Background,
  GREYS,
  parseBackground,
  parseRecipe,
  type Recipe,
} from '../../../graph/recipe/recipe.js';
import { APPLIED_HEADS } from '../../../runtime/output-spec.js';
import { choice } from './options.js';
import { textOf } from './text-file.js';

/** `--recipe`: a normalization by its name, or a whole recipe from a JSON file. `otherwise` is what holds without. */
export function recipeOption(otherwise: string): Option {
  const names = Object.keys(NORMALIZATIONS);
  return new Option(
    '--recipe <recipe>',
    `preprocessing: ${names.join(', ')}, or a .json file (default: ${otherwise})`,
  ).argParser((text: string): Partial<Recipe> => {
    const name = names.find((known) => known === text) as keyof typeof NORMALIZATIONS | undefined;
    if (name !== undefined) return { normalization: NORMALIZATIONS[name] };
    if (!text.endsWith('.json')) {
      throw new InvalidArgumentError(`Expected ${names.join(', ')} or a .json file.`);
    }
    try {
      return parseRecipe(textOf(text));
    } catch (error) {
      throw new InvalidArgumentError(`${text}: ${reason(error)}.`);
    }
  });
}

/** The files of an image's channels. @param of which images, in a few words */
export const inputsOption = (of: string): Option =>
  new Option(
    '--inputs <files>',
    `${of}: one file per channel of an image in channel order, separated by commas, for example '{case}_0000.png,{case}_0001.png'`,
  ).argParser((text: string) => text.split(','));

/** What images are cut to before all else. */
export const windowOption = (): Option =>
  new Option(
    '--window <centre,width>',
    'clip stored values to a window and scale it to 0..1, before all other preprocessing: 40,400 is -160 to 240',
  ).argParser((text: string): IntensityWindow => {
    const [centre, width, ...others] = text.split(',').map(parseDecimal);
    if (
      centre === undefined ||
      width === undefined ||
      others.length > 0 ||
      !(width > 0 && Number.isFinite(1 / width))
    ) {
      throw new InvalidArgumentError(
        'Expected CENTRE,WIDTH, two numbers, the width above 0, for example 40,400.',
      );
    }
    return { centre, width };
  });

/** What one grey channel is made of. */
export const greyOption = (): Option =>
  choice('--grey <way>', 'how to convert colour images to one channel; refused without it', GREYS);

/** How a model that is made takes images, and what it gives. @param recipe, classes what holds without */
export function addImageFlags(command: Command, recipe: string, classes: string): Command {
  return command
    .addOption(recipeOption(recipe))
    .addOption(windowOption())
    .addOption(greyOption())
    .addOption(backgroundOption())
    .addOption(classesOption(classes));
}

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
