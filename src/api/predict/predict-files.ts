import { basename, join } from 'node:path';
import { at } from '../../../graph/common/at.js';
import { badUsage } from '../../../graph/common/errors.js';
import { channelOf, type Probabilities } from '../../../runtime/common/raster.js';
import { labelPalette } from '../../../runtime/images/class-colours.js';
import { drawClasses } from '../../../runtime/images/draw.js';
import { legendOf } from '../../../runtime/masks/classes.js';
import { encodePng } from '../../../runtime/node/images/files.js';
import { encodeNpy } from '../../../runtime/node/images/npy.js';
import type { Segmentation, Segmenter } from '../../../runtime/node/segmenter.js';
import { type OutputFile, sha256 } from '../../batch/manifest.js';
import { writeTogether } from '../../files/write-whole.js';

/** How probabilities are stored: float32 [classes, H, W], or one grey PNG of 16 bits a class (65535 for 1). */
export type ProbabilityFormat = 'npy' | 'png16';

/** What is written of each image. */
export interface OutputOptions {
  /** The folder for the masks, made where it does not exist; `-` for the one mask on standard output. */
  readonly output: string;
  /** Also write the image with the mask laid over it. */
  readonly overlay?: boolean;
  /** Also write the probabilities. */
  readonly probabilities?: ProbabilityFormat;
}

/** Where the results of an image go. With several classes, the numbers in names are the values of the label map. */
export function filesOf(
  name: string,
  { classes: count, maskLabels }: Pick<Segmentation, 'classes' | 'maskLabels'>,
  { output, overlay, probabilities }: OutputOptions,
) {
  // A name may be of dots alone.
  const path = (end: string) => join(output, `${name}_${end}`);
  const first = maskLabels.length === count ? at(maskLabels, 0) : 0;
  const perClass = (kind: string, labels: readonly number[]) =>
    labels.map((label) => path(`${kind}${count === 1 ? '' : `_${label}`}.png`));
  const all = Array.from({ length: count }, (_, index) => first + index);
  return {
    masks: output === '-' ? ['-'] : perClass('mask', maskLabels),
    ...(count > 1 && output !== '-' && { labels: path('labels.png') }),
    ...(overlay && { overlay: path('overlay.png') }),
    ...(probabilities && {
      probabilities: probabilities === 'npy' ? [path('probabilities.npy')] : perClass('probabilities', all),
    }),
  };
}

/**
 * Writes all files of an image, or, where one of them fails, none.
 * @param tag stands in their names until they are whole; where there is one, what was written is told
 * @returns also what was written, in that order
 */
export async function writeFiles(
  segmentation: Segmentation,
  { semantics, recipe }: Pick<Segmenter, 'semantics' | 'recipe'>,
  name: string,
  options: OutputOptions,
  tag?: string,
) {
  const { masks, maskLabels, labels, classes: count, image, probabilities } = segmentation;
  const legend = legendOf(semantics, count, maskLabels);
  const files = filesOf(name, segmentation, options);
  if (options.output === '-' && masks.length > 1) {
    throw badUsage(`standard output takes one mask, the model gives ${masks.length}`);
  }
  const written: OutputFile[] = [];
  await writeTogether(async (write) => {
    const put = async (path: string, contents: Uint8Array) => {
      await write(path, contents);
      if (tag !== undefined)
        written.push({ file: basename(path), bytes: contents.length, sha256: sha256(contents) });
    };
    for (const [index, file] of files.masks.entries()) {
      const png = await encodePng(at(masks, index));
      if (file === '-') process.stdout.write(png);
      else await put(file, png);
    }
    // Tools of nnU-Net take the colours of a palette for the labels.
    const palette = recipe.files === 'nnunet' ? undefined : labelPalette(maskLabels);
    if (files.labels && labels) await put(files.labels, await encodePng(labels, palette));
    if (files.overlay && image) await put(files.overlay, await encodePng(drawClasses(image, masks, legend)));
    if (files.probabilities && probabilities)
      await writeProbabilities(probabilities, files.probabilities, put);
  }, tag);
  return { files, written };
}

async function writeProbabilities(
  probabilities: Probabilities,
  files: readonly string[],
  put: (file: string, contents: Uint8Array) => Promise<void>,
): Promise<void> {
  const { classes, height, width, data } = probabilities;
  for (const [index, file] of files.entries()) {
    if (file.endsWith('.npy')) {
      await put(file, encodeNpy([classes, height, width], data));
      continue;
    }
    const channel = channelOf(probabilities, index);
    const grey = Uint16Array.from(channel.data, (value) =>
      Math.round(Math.min(Math.max(value, 0), 1) * 65535),
    );
    await put(file, await encodePng({ ...channel, data: grey }));
  }
}
