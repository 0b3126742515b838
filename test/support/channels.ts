import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Normalization } from '../../graph/recipe/normalization.js';
import type { Recipe } from '../../graph/recipe/recipe.js';
import { type ExportModelOptions, exportModel } from '../../src/api/export.js';
import { fixture } from './fixtures.js';
import { float32Npy } from './npy.js';

/** One line of fixtures/channels/cases.json: a network, an image for it, and how that is prepared. */
export interface ChannelCase {
  readonly name: string;
  readonly checkpoint: string;
  readonly files: readonly string[];
  readonly channels: number;
  readonly classes: number;
  readonly head: 'sigmoid' | 'softmax';
  readonly normalization: Normalization;
}

export const channelCases: readonly ChannelCase[] = JSON.parse(
  readFileSync(fixture('channels', 'cases.json'), 'utf8'),
);

export function channelCase(name: string): ChannelCase {
  const found = channelCases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the case ${name} is gone`);
  return found;
}

/** Where the image of a case is. */
export const imageOf = ({ files }: ChannelCase) => files.map((file) => fixture('channels', file));

/** The height and width that the networks are told. */
const SIZE = { height: 24, width: 32 };

const recipeOf = ({ normalization }: ChannelCase): Recipe => ({
  normalization,
  sizing: { kind: 'resize', ...SIZE },
});

/** What the checkpoint of a case does not say. */
export const hintsOfChannels = (
  each: ChannelCase,
): Pick<ExportModelOptions, 'decoder' | 'activation' | 'head' | 'recipe' | 'size'> => ({
  ...{ decoder: 'eed', activation: 'gelu', head: each.head },
  ...{ recipe: recipeOf(each), size: { batch: 1, ...SIZE } },
});

/** Exports the network of a case into a folder, and holds it to what PyTorch gives. */
export async function exportCase(
  each: ChannelCase,
  folder: string,
  options: Partial<ExportModelOptions> = {},
): Promise<string> {
  const output = join(folder, `${each.name}${options.io === 'image' ? '-image' : ''}.onnx`);
  await exportModel({
    checkpoint: fixture('channels', each.checkpoint),
    reference: fixture('channels', `${each.name}.io.safetensors`),
    ...{ output, ...hintsOfChannels(each) },
    ...options,
  });
  return output;
}

/** The probabilities that PyTorch gives at the image's own size, [classes, H, W]. */
export const expectedOf = ({ name }: ChannelCase) => float32Npy(fixture('channels', `${name}.npy`));

/** The largest difference between two lists of numbers. */
export function farthest(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length) return Number.POSITIVE_INFINITY;
  return Array.from(wanted).reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - Number(found[i]))),
    0,
  );
}
