import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDecimal } from '../../../graph/common/decimal.js';
import { reason } from '../../../graph/common/errors.js';
import { type IntensityWindow, NORMALIZATIONS } from '../../../graph/common/normalization.js';
import { GREYS, parseRecipe, type Recipe } from '../../../graph/common/recipe.js';
import type { PixelSize } from '../../../runtime/images/frame.js';
import { megabytesUpTo } from './arguments.js';
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

/** How images are run that are on their way to masks. */
export function addRunningFlags(command: Command): Command {
  return command
    .option(
      '--mirror',
      'run each input mirrored, too, along the axes that the model names: 2 or 4 runs (default: where it names some)',
    )
    .option('--no-mirror', 'run each input once')
    .addOption(
      new Option(
        '--spacing <height,width>',
        'size of the pixels of images in mm, for a model that resamples to one (default: 1,1, reported as assumed)',
      ).argParser((text: string): PixelSize => {
        const [height = 0, width = 0, ...others] = text.split(',').map(parseDecimal);
        if (!(height > 0 && width > 0) || others.length > 0)
          throw new InvalidArgumentError('Expected HEIGHT,WIDTH, two numbers above 0, for example 0.8,0.8.');
        return { height, width };
      }),
    )
    .addOption(memoryBudgetOption());
}

const parseMegabytes = megabytesUpTo(1e6);

/** @param of what takes the memory, and what becomes of what is beyond it */
export function memoryBudgetOption(
  of = 'of one run, if images keep their own size; larger images are tiled',
  megabytes = 1074,
): Option {
  return new Option('--memory-budget <MB>', `memory ${of} (default: ${megabytes})`).argParser(
    (text: string) => parseMegabytes(text) * 1e6,
  );
}
