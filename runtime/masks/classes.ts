import { at } from '../../graph/common/at.js';
import { badUsage } from '../../graph/common/errors.js';
import type { Region } from '../../graph/recipe/regions.js';
import { channelOf, type LabelMap, type Mask, type Probabilities } from '../common/raster.js';
import { type Cleaning, clean } from './components.js';
import { ABOVE_HALF, DEFAULT_THRESHOLD, labelMap, thresholded } from './threshold.js';

/**
 * What the classes of a model are to each other:
 * - `independent`, as a sigmoid gives them: a pixel belongs to each class whose probability reaches the threshold;
 * - `exclusive`, as a softmax gives them: a pixel belongs to its most probable class, the first of equals, and the
 *   background, where there is one, is no mask.
 */
export type Classes = (
  | {
      readonly kind: 'independent';
      /** What each class is in label maps, the later over the earlier; absent where they are numbered and the most probable counts. */
      readonly regions?: readonly Region[];
    }
  | { readonly kind: 'exclusive'; readonly background: number | 'none' }
) & {
  /** What each class is called, the background too; absent where nobody says. */
  readonly names?: readonly string[];
};

export const INDEPENDENT: Classes = Object.freeze({ kind: 'independent' });

/** The regions that independent classes are, where they are some. */
export const regionsOf = (classes: Classes): readonly Region[] | undefined =>
  classes.kind === 'independent' ? classes.regions : undefined;

/** The masks of an image, one for each class but the background. */
export interface ClassMasks {
  readonly masks: readonly Mask[];
  /** The value that each mask's class has in `labels`, and in the names of files. */
  readonly maskLabels: readonly number[];
  /** Where there are several classes, the background included. */
  readonly labels?: LabelMap;
}

/**
 * The values that the masks of so many classes have in a label map: k + 1 for class k where classes are independent, and
 * 0 is not one of them; the index of the class itself where they exclude each other.
 */
export function maskLabelsOf(classes: Classes, count: number): readonly number[] {
  const indices = Array.from({ length: count }, (_, index) => index);
  const regions = regionsOf(classes);
  if (regions) return regions.map(({ label }) => label);
  if (classes.kind === 'independent' || count === 1) return indices.map((index) => index + 1);
  return indices.filter((index) => index !== classes.background);
}

/** What the class of a label is called; undefined where nobody says. */
export function nameOfLabel(classes: Classes, count: number, label: number): string | undefined {
  const regions = regionsOf(classes);
  if (regions) return classes.names?.[regions.findIndex((region) => region.label === label)];
  return classes.names?.[classes.kind === 'independent' || count === 1 ? label - 1 : label];
}

/** What a legend calls the classes of masks: `1 lesion`, or `class 1` where nobody says; none of a mask that is alone. */
export function legendOf(
  classes: Classes,
  count: number,
  maskLabels: readonly number[],
): readonly string[] | undefined {
  if (maskLabels.length === 1) return undefined;
  return maskLabels.map((label) => {
    const name = nameOfLabel(classes, count, label);
    return name === undefined ? `class ${label}` : `${label} ${name}`;
  });
}

/** Whether a threshold makes the masks: not where several classes that exclude each other are masks. */
export function takesThreshold(classes: Classes, count: number): boolean {
  return classes.kind === 'independent' || count === 1 || maskLabelsOf(classes, count).length === 1;
}

/** `3, exclusive: each pixel is of the most probable one; background 0`. */
export function classesText(classes: Classes, count: number, threshold?: number): string {
  const regions = regionsOf(classes);
  if (regions) {
    const labels = regions.map(({ label, of }) => `${of.join('+')} as ${label}`);
    return `${count} regions, in label maps the later over the earlier: ${labels.join(', ')}`;
  }
  if (classes.kind === 'independent' || count === 1) return count === 1 ? '1' : `${count}, independent`;
  const [only] = maskLabelsOf(classes, count);
  const rule =
    threshold === undefined
      ? 'each pixel is of the most probable one'
      : `a pixel is of class ${only} where its probability reaches ${threshold}`;
  const { background, names = [] } = classes;
  const name = background === 'none' ? undefined : names[background];
  return `${count}, exclusive: ${rule}; background ${background}${name === undefined ? '' : ` (${name})`}`;
}

/**
 * @param threshold undefined where none is given: 1/2 for independent classes, none for exclusive ones
 * @throws NmodeError (BAD_USAGE) for a threshold where several exclusive classes are masks, and for a background beyond them
 */
export function masksOf(
  probabilities: Probabilities,
  classes: Classes,
  threshold: number | undefined,
  cleaning: Cleaning,
): ClassMasks {
  const { classes: count } = probabilities;
  const maskLabels = maskLabelsOf(classes, count);
  if (classes.kind === 'independent' || count === 1) {
    const regions = regionsOf(classes);
    const least = threshold ?? (regions === undefined ? DEFAULT_THRESHOLD : ABOVE_HALF);
    const masks = maskLabels.map((_, index) =>
      clean(thresholded(channelOf(probabilities, index), least), cleaning),
    );
    if (regions !== undefined) return { masks, maskLabels, labels: overlaid(masks, maskLabels) };
    return { masks, maskLabels, ...(count > 1 && { labels: labelMap(probabilities, masks) }) };
  }
  const { background } = classes;
  checkBackground(background, count);
  refuseThreshold(classes, count, threshold);
  const [only] = maskLabels;
  // Of two classes, the one that is no background where its probability reaches the threshold.
  const labels =
    threshold === undefined || only === undefined || background === 'none'
      ? mostProbable(probabilities)
      : labelsOfMask(thresholded(channelOf(probabilities, only), threshold), only, background);
  const masks = maskLabels.map((label) => clean(maskOf(labels, label), cleaning));
  if (background !== 'none') relabel(labels, masks, maskLabels, background);
  return { masks, maskLabels, labels };
}

/** @throws NmodeError (BAD_USAGE) for a threshold where several classes that exclude each other are masks */
export function refuseThreshold(classes: Classes, count: number, threshold: number | undefined): void {
  if (threshold === undefined || takesThreshold(classes, count)) return;
  throw badUsage(
    `a threshold of ${threshold}: the ${count} classes exclude each other, and each pixel is of the most probable one`,
  );
}

/** @throws NmodeError (BAD_USAGE) */
export function checkBackground(background: number | 'none', count: number): void {
  if (background === 'none' || background < count) return;
  throw badUsage(`a background of ${background}: the model's ${count} classes are 0 to ${count - 1}`);
}

/** The index of the most probable class of each pixel; the lowest of equals. */
function mostProbable({ classes, width, height, data }: Probabilities): LabelMap {
  const size = width * height;
  const labels = new Uint8Array(size);
  const best = data.slice(0, size);
  for (let label = 1; label < classes; label++) {
    for (let pixel = 0; pixel < size; pixel++) {
      const probability = data[label * size + pixel] as number;
      if (!(probability > (best[pixel] as number))) continue;
      best[pixel] = probability;
      labels[pixel] = label;
    }
  }
  return { width, height, channels: 1, data: labels };
}

/** The values of a label that each class stands for in ground truth. */
export const labelsBehind = (classes: Classes, label: number): readonly number[] =>
  regionsOf(classes)?.find((region) => region.label === label)?.of ?? [label];

/** The label map of masks, the later over the earlier. */
function overlaid(masks: readonly Mask[], maskLabels: readonly number[]): LabelMap {
  const { width, height } = at(masks, 0);
  const data = new Uint8Array(width * height);
  for (const [index, mask] of masks.entries()) {
    const label = at(maskLabels, index);
    for (let pixel = 0; pixel < data.length; pixel++) if (mask.data[pixel] !== 0) data[pixel] = label;
  }
  return { width, height, channels: 1, data };
}

/** 255 where a label map has the label. */
export function maskOf({ width, height, data }: LabelMap, label: number): Mask {
  return { width, height, channels: 1, data: data.map((value) => (value === label ? 255 : 0)) };
}

/** The label map of one mask: its label inside, another outside. */
function labelsOfMask({ data, ...size }: Mask, label: number, outside: number): LabelMap {
  return { ...size, data: data.map((value) => (value === 0 ? outside : label)) };
}

/** The label map of what was found: its own, or that of its one mask. */
export const labelMapOf = (found: {
  readonly mask: Mask;
  readonly maskLabels: readonly number[];
  readonly labels?: LabelMap;
}): LabelMap => found.labels ?? labelsOfMask(found.mask, at(found.maskLabels, 0), 0);

/** Cleaning takes pixels from masks and fills holes of the background: the label map follows. */
function relabel(
  { data }: LabelMap,
  masks: readonly Mask[],
  maskLabels: readonly number[],
  background: number,
): void {
  const maskOfLabel = new Map(maskLabels.map((label, index) => [label, at(masks, index).data]));
  for (let pixel = 0; pixel < data.length; pixel++) {
    const label = data[pixel] as number;
    if (label !== background && maskOfLabel.get(label)?.[pixel] === 0) data[pixel] = background;
  }
  for (const [index, { data: inside }] of masks.entries()) {
    const label = at(maskLabels, index);
    for (let pixel = 0; pixel < data.length; pixel++) {
      if (inside[pixel] !== 0 && data[pixel] === background) data[pixel] = label;
    }
  }
}
