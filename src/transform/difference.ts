import { at } from '../../graph/common/at.js';
import type { Model } from '../../graph/ir/model.js';
import { type OutputActivation, outputActivation } from '../../graph/ir/output-activation.js';
import { BACKGROUND_KEY, type Background, HEAD_KEY, parseBackground } from '../../graph/recipe/recipe.js';
import type { Floats } from '../../runtime/sessions/tensors.js';

/** How an output of one model differs from the same output of another, over all that both were given. */
export interface OutputDifference {
  readonly name: string;
  /** Whether it is cut into masks, probabilities or logits of classes for each pixel of the image, or is anything else. */
  readonly kind: 'mask' | 'values';
  /** Largest absolute difference; infinite where the other model gives NaN. */
  readonly maxAbs: number;
  /** Largest magnitude of what is wanted. */
  readonly largest: number;
  /** Of masks: 1 - DSC of the two models', over all of them; absent where neither model finds any. */
  readonly dscDrop?: number;
  /** How far onnxruntime's own settings are apart for the model as it was, at least, where that was looked at. */
  readonly spread?: number;
}

/** How two models differ: the worst of their outputs, and each of them. */
export interface Difference {
  readonly maxAbs: number;
  /** Absent where no output has a mask. */
  readonly dscDrop?: number;
  readonly outputs: readonly OutputDifference[];
}

export function worstOf(outputs: readonly OutputDifference[]): Difference {
  const drops = outputs.flatMap(({ dscDrop }) => dscDrop ?? []);
  return {
    maxAbs: Math.max(0, ...outputs.map(({ maxAbs }) => maxAbs)),
    ...(drops.length > 0 && { dscDrop: Math.max(...drops) }),
    outputs,
  };
}

/** What the values of an output are. */
export interface Meaning {
  readonly end: OutputActivation;
  /** Of classes that exclude each other, the one that is no mask. */
  readonly background: Background;
}

const UNKNOWN: Meaning = { end: 'unknown', background: 0 };

/** What the outputs of a model are, by their names. */
export function meaningsOf({ graph, metadata }: Model): ReadonlyMap<string, Meaning> {
  const head = metadata.get(HEAD_KEY);
  const background = parseBackground(metadata.get(BACKGROUND_KEY) ?? '0');
  const meanings = graph.outputs.map(({ name }, index): [string, Meaning] => {
    const end = outputActivation(graph.nodes, name);
    const isStated = index === 0 && end === 'unknown' && (head === 'softmax' || head === 'sigmoid');
    return [name, { end: isStated ? head : end, background }];
  });
  return new Map(meanings);
}

/** What an output gave on every input, which other models are held to. */
export class WantedOutput {
  readonly kind: OutputDifference['kind'];
  readonly largest: number;
  readonly hasMask: boolean;
  /** Which values belong to masks, one a value. */
  readonly inside: (values: ArrayLike<number>, run: number) => Uint8Array;

  /**
   * @param runs one array an input
   * @param images the sizes of the images of each run, which masks follow; where they are not told, what looks like an image does
   */
  constructor(
    readonly name: string,
    readonly runs: readonly Floats[],
    meaning: Meaning = UNKNOWN,
    images: readonly ImageSize[] = runs.map(ownSize),
  ) {
    const range = rangeOf(runs);
    const grids = runs.map((output, run) => classGridOf(output, images[run]));
    const classes = grids[0]?.classes;
    const threshold = thresholdOf(meaning.end, range, classes);
    this.kind = grids.every((grid) => grid !== undefined) && threshold !== undefined ? 'mask' : 'values';
    const isExclusive = meaning.end === 'softmax' && grids.every((grid) => (grid?.classes ?? 0) > 1);
    this.inside = (values, run) => {
      const grid = grids[run];
      return isExclusive && grid
        ? mostProbable(values, grid, meaning.background)
        : Uint8Array.from(values, (value) => Number(value >= (threshold ?? Number.NaN)));
    };
    this.hasMask = this.kind === 'mask' && runs.some(({ data }, run) => this.inside(data, run).includes(1));
    this.largest = Math.max(range.max, -range.min);
  }
}

/** 1 where a class is the most probable of its pixel, the lowest of equals, and no background. */
function mostProbable(values: ArrayLike<number>, grid: ClassGrid, background: Background): Uint8Array {
  const inside = new Uint8Array(values.length);
  const { classes, pixels, isLast } = grid;
  const [step, next] = isLast ? [1, classes] : [pixels, 1];
  for (let image = 0; image < values.length; image += classes * pixels) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const first = image + pixel * next;
      let best = 0;
      for (let label = 1; label < classes; label++) {
        if (at(values, first + label * step) > at(values, first + best * step)) best = label;
      }
      if (best !== background) inside[first + best * step] = 1;
    }
  }
  return inside;
}

/** Counts how an output differs from what is wanted, input by input. */
export class DifferenceCount {
  #runs = 0;
  #maxAbs = 0;
  #both = 0;
  #either = 0;

  constructor(private readonly wanted: WantedOutput) {}

  /** @param found what the other model gave on the next input */
  add(found: ArrayLike<number>): void {
    const run = this.#runs++;
    const wanted = at(this.wanted.runs, run).data;
    if (found.length < wanted.length) {
      this.#maxAbs = Number.POSITIVE_INFINITY;
      return;
    }
    for (let i = 0; i < wanted.length; i++) {
      const difference = Math.abs(at(found, i) - at(wanted, i));
      // Also NaN is larger than what is allowed.
      if (!(difference <= this.#maxAbs))
        this.#maxAbs = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    }
    if (this.wanted.kind === 'mask')
      this.#addMasks(this.wanted.inside(found, run), this.wanted.inside(wanted, run));
  }

  #addMasks(found: Uint8Array, wanted: Uint8Array): void {
    for (let i = 0; i < wanted.length; i++) {
      const [a, b] = [at(found, i), at(wanted, i)];
      this.#both += 2 * (a & b);
      this.#either += a + b;
    }
  }

  get difference(): OutputDifference {
    const { name, kind, largest } = this.wanted;
    return {
      ...{ name, kind, maxAbs: this.#maxAbs, largest },
      ...(kind === 'mask' && this.#either > 0 && { dscDrop: 1 - this.#both / this.#either }),
    };
  }
}

/** Height and width of the images that a model is given in a run. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

const ownSize = ({ dims: [, , height = 1, width = 1] }: Floats): ImageSize => ({ height, width });

/** Where the classes of a pixel are: [N, classes, H, W], or [N, H, W, classes] where they stand last. */
interface ClassGrid {
  readonly classes: number;
  readonly pixels: number;
  readonly isLast: boolean;
}

/** Masks of a coarser grid are brought to the image's size behind the model; what is coarser still finds boxes. */
const COARSEST = 4;

/** Undefined for what is no grid of the image's pixels: a list, or one of another shape. */
function classGridOf({ dims, data }: Floats, image: ImageSize | undefined): ClassGrid | undefined {
  const [, second = 1, third = 1, fourth = 1] = dims;
  if (image === undefined || dims.length !== 4 || data.length === 0) return undefined;
  const follows = (height: number, width: number) =>
    height * width > 1 && height * image.width === width * image.height && height * COARSEST >= image.height;
  if (follows(third, fourth)) return { classes: second, pixels: third * fourth, isLast: false };
  return follows(second, third) ? { classes: fourth, pixels: second * third, isLast: true } : undefined;
}

/** The least and the largest value, and the share of those below zero. */
function rangeOf(runs: readonly Floats[]) {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [negative, count] = [0, 0];
  for (const { data } of runs) {
    count += data.length;
    for (const value of data) {
      if (value < min) min = value;
      if (value > max) max = value;
      if (value < 0) negative++;
    }
  }
  return { min, max, negative: negative / count };
}

/** Rounding may pass 0 and 1 by as much. */
const ROUNDING = 1e-3;

/** Red, green and blue. */
const COLOURS = 3;

/** Of logits of masks more are negative: most pixels are of the background. Colours that a convolution gives are not. */
const FEWEST_NEGATIVE = 0.01;

/**
 * Where masks are cut: probabilities at 1/2, logits at 0. Where structure does not tell which they are, what is never negative
 * and passes 1 is neither, and nor are three channels, which are colours.
 */
function thresholdOf(
  end: OutputActivation,
  { min, max, negative }: ReturnType<typeof rangeOf>,
  classes: number | undefined,
): number | undefined {
  if (end === 'sigmoid' || end === 'softmax') return 0.5;
  if (classes === COLOURS && (end === 'unknown' || negative < FEWEST_NEGATIVE)) return undefined;
  if (end === 'logits' || min < -ROUNDING) return 0;
  return max <= 1 + ROUNDING ? 0.5 : undefined;
}
