import { basename } from 'node:path';
import { at } from '../../graph/common/at.js';
import { taken } from '../../graph/common/option-kinds.js';
import type { Mask } from '../../runtime/common/raster.js';
import { type Classes, labelsBehind, maskOf, nameOfLabel } from '../../runtime/masks/classes.js';
import {
  addConfusions,
  type Confusion,
  confusionOf,
  diceOf,
  type Metrics,
  metricsOf,
  NO_PIXELS,
} from '../../runtime/masks/metrics.js';
import type { Segmentation, Segmenter } from '../../runtime/node/segmenter.js';
import { SEGMENT_KINDS, type SegmentOptions } from '../../runtime/segmentation.js';
import { knownLabels, readingBesideBackground } from '../../runtime/truth/known-labels.js';
import {
  type Labels,
  type Search,
  type TruthReading,
  truthOf,
  truthOfLabel,
  truthOfLabels,
} from '../../runtime/truth/truth.js';
import { type TruthMask, truthAt } from '../../runtime/truth/truth-at.js';
import { readTruthOf } from '../files/orientation-mismatch.js';
import type { Pair } from '../files/pairs.js';
import { mean } from '../measuring/percentile.js';

/** One class of an image: what was found, and what is true. */
export interface ComparedClass {
  /** Its value in label maps, those of ground truth too where there are several classes. */
  readonly label: number;
  /** Its name, where it is known. */
  readonly name?: string;
  readonly isBackground: boolean;
  readonly found: Mask;
  readonly truth: TruthMask;
}

export interface Compared extends Segmentation {
  readonly compared: readonly ComparedClass[];
  readonly search?: Search;
  /** Harmless faults of the truth's file, one line each. */
  readonly truthWarnings: readonly string[];
}

/** The pixels of one class in all images, and what they come to. */
export interface ClassMetrics extends Metrics {
  readonly label: number;
  /** Its name, where it is known. */
  readonly name?: string;
  /** Counted, but no part of the mean. */
  readonly background?: true;
  readonly confusion: Confusion;
}

/** Of one image or of several: the confusion of each class. */
export interface ClassConfusion extends Pick<ComparedClass, 'label' | 'name' | 'isBackground'> {
  readonly confusion: Confusion;
}

/**
 * What is found in an image, and what is true at the same size: masks of one class against black and white or what the reading
 * says, of several against the labels of the truth.
 * @throws NmodeError (BAD_IMAGE), also where the two files differ in size
 */
export async function compareWithTruth(
  segmenter: Segmenter,
  pair: Pair,
  options: SegmentOptions & TruthReading,
): Promise<Compared> {
  const segmentation = await segmenter.segment(pair.inputs ?? pair.image, {
    ...taken(options, SEGMENT_KINDS),
    probabilities: false,
  });
  const stored = await readTruthOf(pair, segmentation);
  const name = basename(pair.mask);
  const found = { ...segmentation, truthWarnings: stored.warnings ?? [] };
  const { mask, maskLabels, classes } = segmentation;
  // Several classes are counted each against its label.
  if (maskLabels.length > 1) {
    const labels = knownLabels(stored, name, segmenter.semantics, classes, options.ignoreLabel);
    const compared = comparedLabels(segmentation, segmenter.semantics, labels, options);
    const { search } = truthOfLabel(labels, 0, options.ignoreLabel);
    return { ...found, compared, ...(search && { search }) };
  }
  const truth = truthOf(stored, name, readingBesideBackground(stored, segmenter.semantics, classes, options));
  const { search } = truth;
  const label = named(segmenter.semantics, classes, at(maskLabels, 0));
  const only = { ...label, isBackground: false, found: mask, truth: truthAt(truth, mask.width, mask.height) };
  return { ...found, compared: [only], ...(search && { search }) };
}

function comparedLabels(
  { masks, maskLabels, labels, classes }: Segmentation,
  semantics: Classes,
  truth: Labels,
  { ignoreLabel }: TruthReading,
): readonly ComparedClass[] {
  const compare = (label: number, found: Mask, isBackground: boolean): ComparedClass => {
    const wanted = truthOfLabels(truth, labelsBehind(semantics, label), ignoreLabel);
    const atItsSize = truthAt(wanted, found.width, found.height);
    return { ...named(semantics, classes, label), isBackground, found, truth: atItsSize };
  };
  const foreground = maskLabels.map((label, index) => compare(label, at(masks, index), false));
  if (semantics.kind === 'independent' || semantics.background === 'none' || labels === undefined) {
    return foreground;
  }
  const { background } = semantics;
  return [...foreground, compare(background, maskOf(labels, background), true)];
}

/** A label, and what its class is called. */
function named(semantics: Classes, count: number, label: number): Pick<ComparedClass, 'label' | 'name'> {
  const name = nameOfLabel(semantics, count, label);
  return { label, ...(name !== undefined && { name }) };
}

export function confusionsOf({ compared }: Compared): readonly ClassConfusion[] {
  return compared.map(({ found, truth, ...which }) => ({
    ...which,
    confusion: confusionOf(found, truth.mask, truth.counted),
  }));
}

/** Dice of one image: of its one class, or the mean of the foreground classes that are found or true in it; 1 where none is. */
export function imageDice(classes: readonly ClassConfusion[]): number {
  const foreground = classes.filter(({ isBackground }) => !isBackground);
  const present = foreground.filter(({ confusion: { tp, fp, fn } }) => tp + fp + fn > 0);
  return present.length === 0 ? 1 : mean(present.map(({ confusion }) => diceOf(confusion)));
}

/** The classes of all images together. */
export function classMetrics(images: readonly (readonly ClassConfusion[])[]): readonly ClassMetrics[] {
  const total = new Map<number, ClassConfusion>();
  for (const { confusion, ...which } of images.flat()) {
    const sum = addConfusions(total.get(which.label)?.confusion ?? NO_PIXELS, confusion);
    total.set(which.label, { ...which, confusion: sum });
  }
  return Array.from(total.values(), ({ isBackground, confusion, ...which }) => ({
    ...which,
    ...(isBackground && { background: true as const }),
    confusion,
    ...metricsOf(confusion),
  }));
}

/** Of classes that are in no image, neither true nor found, all metrics are 0, and in the means. */
export function classWarnings(classes: readonly ClassMetrics[]): readonly string[] {
  return classes
    .filter(({ background, confusion: { tp, fp, fn } }) => !background && tp + fp + fn === 0)
    .map(
      ({ label, name = `class ${label}` }) =>
        `${name}: it is in no mask, and was found in no image: its metrics of 0 are in the means`,
    );
}

/** The pixels of all foreground classes, and the means of what each of these comes to. */
export function foregroundMetrics(
  classes: readonly ClassMetrics[],
): Metrics & { readonly confusion: Confusion } {
  const foreground = classes.filter(({ background }) => !background);
  const of = (metric: keyof Metrics) => mean(foreground.map((each) => each[metric]));
  return {
    confusion: foreground.map(({ confusion }) => confusion).reduce(addConfusions, NO_PIXELS),
    miou: of('miou'),
    dsc: of('dsc'),
    accuracy: of('accuracy'),
    sensitivity: of('sensitivity'),
    specificity: of('specificity'),
  };
}
