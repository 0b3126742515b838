import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { reason } from '../../../graph/common/errors.js';
import { GREYS, NORMALIZATIONS, parseRecipe, type Recipe } from '../../../graph/common/recipe.js';
import { megabytesUpTo } from './arguments.js';
import { choice } from './options.js';

/** `--recipe`: a normalization by its name, or a whole recipe from a JSON file. `otherwise` is what holds without. */
export function recipeOption(otherwise: string): Option {
  const names = Object.keys(NORMALIZATIONS);
  return new Option(
    '--recipe <recipe>',
    `how images are prepared: ${names.join(', ')}, or a .json file (default: ${otherwise})`,
  ).argParser((text: string): Partial<Recipe> => {
    const name = names.find((known) => known === text) as keyof typeof NORMALIZATIONS | undefined;
    if (name !== undefined) return { normalization: NORMALIZATIONS[name] };
    if (!text.endsWith('.json')) {
      throw new InvalidArgumentError(`Expected ${names.join(', ')} or a .json file.`);
    }
    try {
      return parseRecipe(readFileSync(text, 'utf8'));
    } catch (error) {
      throw new InvalidArgumentError(`${text}: ${reason(error)}.`);
    }
  });
}

/** What one grey channel is made of. */
export const greyOption = (): Option =>
  choice('--grey <way>', 'one grey channel of images with colours, which are else refused', GREYS);

const parseMegabytes = megabytesUpTo(1e6);

export function memoryBudgetOption(): Option {
  return new Option(
    '--memory-budget <MB>',
    'memory of one run, where images keep their own size; larger ones run in tiles (default: 1074)',
  ).argParser((text: string) => parseMegabytes(text) * 1e6);
}
