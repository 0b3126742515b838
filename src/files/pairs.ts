import { realpath } from 'node:fs/promises';
import { basename, extname, join, parse, resolve } from 'node:path';
import { at } from '../../graph/common/at.js';
import { badImage, type ErrorCode } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Recipe } from '../../graph/recipe/recipe.js';
import { findImages } from './find-images.js';
import { grouped } from './grouped.js';
import { casesOf, type FoundCases, findCases, isChannelFile } from './image-cases.js';

export interface Pair {
  /** Of an image whose channels are in files of their own, the first. */
  readonly image: string;
  /** The files of its channels, where they are. */
  readonly inputs?: readonly string[];
  readonly mask: string;
}

/** A file that is not counted, and why. */
export interface Failure {
  readonly name: string;
  readonly code: ErrorCode;
  /** One line. */
  readonly error: string;
}

export interface Pairs {
  readonly pairs: readonly Pair[];
  /** Images without a mask, masks without an image, and names that do not tell which belong together. */
  readonly failures: readonly Failure[];
  /** Of the images, all with their first files, and those that are among the failures since no mask has their name. */
  readonly images: readonly string[];
  readonly unmasked: ReadonlySet<string>;
  /** All that was found, with and without partner. */
  readonly files: readonly string[];
}

/** What mask files add to the name of their image. */
const MASK_ENDING = /[_\-. ](?:mask|segmentation|gt|label|truth|groundtruth|annotation)s?$/i;

const stemOf = (path: string) => parse(path).name;

/** The name of the image that a mask of such an ending is of; undefined where it has none. */
function imageStemOf(mask: string): string | undefined {
  const stem = stemOf(mask);
  const image = stem.replace(MASK_ENDING, '');
  return image === stem || image === '' ? undefined : image;
}

/** Of the files of one folder, those that are named as masks of others there. */
export function masksAmong(files: readonly string[]): readonly string[] {
  const stems = new Set(files.map(stemOf));
  return files.filter((file) => stems.has(imageStemOf(file) ?? ''));
}

/**
 * Pairs images and masks by name: a mask has the file name of its image, or that name with another extension, or one with an
 * ending such as `_mask`, in this order. Where names leave a choice nothing is paired. In one folder, masks are what has an
 * ending.
 * @throws NmodeError (BAD_IMAGE) where a folder holds no image
 */
export async function findPairs(
  images: string,
  masks: string,
  { inputs, files }: ChannelNaming = {},
): Promise<Pairs> {
  if (inputs !== undefined) return casePairs(images, masks, await findCases(images, inputs));
  const [found, maskFiles] = [await findImages(images), await findImages(masks)];
  const channels = files === 'nnunet' ? found.filter(isChannelFile) : [];
  if (channels.length > 0) return casePairs(images, masks, casesOf(channels));
  const together = (await realpath(images)) === (await realpath(masks));
  const isMask = (file: string) => !together || imageStemOf(file) !== undefined;
  const imageFiles = together ? found.filter((file) => !isMask(file)) : found;
  const pairing = pair(imageFiles, maskFiles.filter(isMask));
  const how = together ? `, and in one folder masks are named NAME_mask.png` : '';
  refuseNone(pairing, images, masks, how, channelsHint(imageFiles, maskFiles));
  return { ...pairing, images: imageFiles, files: [...new Set([...imageFiles, ...maskFiles])] };
}

/** How the files of an image's channels are told from those of others. */
export interface ChannelNaming {
  /** Patterns such as `{case}_0000.png`. */
  readonly inputs?: readonly string[] | undefined;
  /** How a model says that they are named, where no patterns are given. */
  readonly files?: Recipe['files'];
}

/** The same of images whose channels are in files of their own: a mask has the name of the image. */
async function casePairs(folder: string, masks: string, { cases, failures }: FoundCases): Promise<Pairs> {
  // Under the name that one file of the image would have.
  const filesOf = new Map(
    cases.map(({ name, files }) => [join(folder, `${name}${extname(at(files, 0))}`), files]),
  );
  const used = new Set(cases.flatMap(({ files }) => files.map((file) => resolve(file))));
  const maskFiles = (await findImages(masks)).filter((mask) => !used.has(resolve(mask)));
  const paired = pair([...filesOf.keys()], maskFiles);
  const pairing = {
    ...paired,
    pairs: paired.pairs.map(({ image, mask }): Pair => {
      const files = filesOf.get(image) ?? [];
      return { image: at(files, 0), inputs: files, mask };
    }),
    failures: [
      ...failures.map(({ name, error }) => ({ name, code: error.code, error: error.message })),
      ...paired.failures,
    ],
  };
  refuseNone(pairing, folder, masks);
  const files = [...filesOf.values()];
  return {
    ...pairing,
    images: files.map((channels) => at(channels, 0)),
    files: [...new Set([...files.flat(), ...maskFiles])],
  };
}

/** What else images may be whose names begin with that of one mask, and then go on. */
function channelsHint(images: readonly string[], masks: readonly string[]): string {
  for (const mask of masks) {
    const name = imageStemOf(mask) ?? stemOf(mask);
    const [first, second] = images.filter(
      (image) => stemOf(image) !== name && stemOf(image).startsWith(name),
    );
    if (first === undefined || second === undefined) continue;
    return `; where ${basename(first)} and ${basename(second)} are channels of the image of ${basename(mask)}, say so with ${option('inputs')}`;
  }
  return '';
}

/** @throws NmodeError (BAD_IMAGE) where nothing is paired */
function refuseNone(
  { pairs, failures: [first] }: Pick<Pairs, 'pairs' | 'failures'>,
  images: string,
  masks: string,
  how = '',
  hint = '',
): void {
  if (pairs.length > 0) return;
  const why = first === undefined ? '' : `; ${first.error}`;
  throw badImage(`${images}: no image can be paired with a mask of its name in ${masks}${how}${why}${hint}`);
}

/** How well names fit: by the file name, by the name without extension, by that and an ending. */
const rank = (image: string, mask: string) =>
  basename(image) === basename(mask) ? 0 : stemOf(image) === stemOf(mask) ? 1 : 2;

function pair(images: readonly string[], masks: readonly string[]): Omit<Pairs, 'images' | 'files'> {
  const imagesByStem = grouped(images, stemOf);
  const [masksByStem, masksByImage] = [grouped(masks, stemOf), grouped(masks, imageStemOf)];
  const masksByLowerCase = grouped(masks, (mask) => (imageStemOf(mask) ?? stemOf(mask)).toLowerCase());
  const masksOf = (image: string) => [masksByStem, masksByImage].flatMap((by) => by.get(stemOf(image)) ?? []);
  const imagesOf = (mask: string) =>
    [stemOf(mask), imageStemOf(mask)].flatMap((stem) => (stem && imagesByStem.get(stem)) || []);
  const bestMasks = (image: string) => least(masksOf(image), (mask) => rank(image, mask));
  const bestImages = (mask: string) => least(imagesOf(mask), (image) => rank(image, mask));
  let pairs = images.flatMap((image) => {
    const [mask, ...others] = bestMasks(image);
    if (mask === undefined || others.length > 0) return [];
    const [first, ...rivals] = bestImages(mask);
    return first === image && rivals.length === 0 ? [{ image, mask }] : [];
  });
  // A mask that an image without one may claim is nobody's.
  for (let before = -1; before !== pairs.length; ) {
    before = pairs.length;
    const paired = new Set(pairs.map(({ image }) => image));
    pairs = pairs.filter(({ mask }) => imagesOf(mask).every((image) => paired.has(image)));
  }
  const maskOf = new Map(pairs.map(({ image, mask }) => [image, mask]));
  const used = new Set(maskOf.values());
  const unpaired = images.filter((image) => !maskOf.has(image));
  const nearMask = (image: string) => masksByLowerCase.get(stemOf(image).toLowerCase())?.[0];
  const isUnmasked = (image: string) => bestMasks(image).length === 0 && nearMask(image) === undefined;
  const unmasked = new Set(unpaired.filter(isUnmasked).map((image) => basename(image)));
  const failures = [
    ...unpaired.map((image) => failure(image, whyNoMask(image))),
    ...masks
      .filter((mask) => !used.has(mask))
      .flatMap((mask) => {
        const images = imagesOf(mask);
        // What is wrong was said of its image.
        if (images.some((image) => !maskOf.has(image))) return [];
        const own = images.flatMap((image) =>
          pairs
            .filter((paired) => paired.image === image)
            .map((paired) => `${basename(paired.mask)} is the mask of ${basename(image)}`),
        );
        return failure(mask, own.length === 0 ? 'no image of its name' : `not used: ${own.join(' and ')}`);
      }),
  ];
  return { pairs, failures, unmasked };

  function whyNoMask(image: string): string {
    const [mask, ...others] = bestMasks(image);
    if (mask === undefined) {
      const near = nearMask(image);
      if (near === undefined) return 'no mask of its name';
      return `no mask of its name, ${basename(near)} has it but for upper and lower case: rename one`;
    }
    if (others.length > 0) return `${names([mask, ...others])} are masks of its name: leave one`;
    const rivals = imagesOf(mask).filter((other) => other !== image);
    return `${basename(mask)} may be its mask or that of ${names(rivals)}: rename one`;
  }
}

const failure = (file: string, problem: string): Failure => ({
  name: basename(file),
  code: 'BAD_IMAGE',
  error: `${basename(file)}: ${problem}`,
});

const names = (paths: readonly string[]) => paths.map((path) => basename(path)).join(' and ');

/** Those of the least rank. */
function least(items: readonly string[], rankOf: (item: string) => number): readonly string[] {
  const best = Math.min(...items.map(rankOf));
  return items.filter((item) => rankOf(item) === best);
}
