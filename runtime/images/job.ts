import { at } from '../../graph/common/at.js';
import { badModel } from '../../graph/common/errors.js';
import { floatsOf, toHalf } from '../../graph/common/half.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { givenClassNames } from '../../graph/recipe/class-names.js';
import type { Layout } from '../../graph/recipe/layout.js';
import type { ModelIo, Recipe } from '../../graph/recipe/recipe.js';
import type { ImageRaster, Probabilities, RgbImage } from '../common/raster.js';
import { type Classes, type ClassMasks, masksOf } from '../masks/classes.js';
import { type Cleaning, type Components, componentsOf } from '../masks/components.js';
import type { Bytes, Floats } from '../sessions/tensors.js';
import { type Channels, inRgb, withChannels } from './channels.js';
import type { Course, Size, Tiling } from './courses/course.js';
import { paddedCourse } from './courses/padded.js';
import { resizedCourse } from './courses/resized.js';
import { slidingCourse } from './courses/sliding.js';
import type { Limits } from './courses/tiles.js';
import { asWindowed, type Depth, withDepth } from './depth.js';
import { type Frame, frameOf, type PixelSize, resizedPlanes } from './frame.js';
import { mirrored, viewsOf } from './mirrored.js';
import { applyHead, checkProbabilities, checkShares, planesOf } from './outputs.js';
import type { Rows } from './resize.js';

/** How a model wants its images. */
export interface ImageSpec extends Channels, Limits {
  readonly io: ModelIo;
  readonly recipe: Recipe;
  /** The size of an image's pixels, in the unit of the recipe's spacing. */
  readonly pixel: PixelSize;
  /** Of a model that takes images as they are. */
  readonly depth: Depth;
  readonly layout: Layout;
  /** What neither the model nor the caller says. */
  readonly assumed: readonly Assumption[];
}

/** What a model gives. */
export interface OutputSpec {
  readonly classes: Classes;
  /** What turns its logits into probabilities; absent where it gives probabilities. */
  readonly head?: 'sigmoid' | 'softmax';
  /** How many folds the output `folds` has the logits of, where windows are averaged before them. */
  readonly folds?: number;
  readonly outputLayout: Layout;
  readonly assumed: readonly Assumption[];
}

/** How a model turns images into classes. */
export interface ModelSpec extends ImageSpec, OutputSpec {}

export const MASK_SIZES = ['image', 'network'] as const;
/** The size of masks and probabilities: each image's own, or that of the network's input. */
export type MaskSize = (typeof MASK_SIZES)[number];

export interface FinishOptions extends Cleaning {
  /** A pixel belongs to the mask where its probability reaches this, 0..1; undefined for what the classes ask for. */
  readonly threshold: number | undefined;
  readonly at: MaskSize;
  readonly wantProbabilities: boolean;
  readonly wantComponents: boolean;
  readonly wantPixels: boolean;
}

export interface Finished extends ClassMasks {
  /** How many classes the model gives, the background included. */
  readonly classes: number;
  readonly probabilities?: Probabilities;
  /** The connected components of each mask. */
  readonly components?: readonly Components[];
  /** As it is shown: of other channels than red, green and blue, the first as grey; by the window that the recipe begins with. */
  readonly image?: RgbImage;
}

/**
 * The way of one image from pixels to masks, but for the network's runs: each of `inputs` is run and its output put in
 * place, in this order, and then the masks are made. It knows no file and no runtime.
 */
export class Job {
  readonly #image: ImageRaster;
  readonly #spec: ModelSpec;
  readonly #frame: Frame;
  readonly #course: Course;
  /** How a window is mirrored for each of its runs. */
  readonly #views: ReturnType<typeof viewsOf>;
  /** What the runs of a window have given so far, added up. */
  #sum: Float32Array | undefined;

  /** @throws NmodeError (BAD_IMAGE) for an image of other channels than the model takes, or too large for it */
  constructor(given: ImageRaster, spec: ModelSpec) {
    const image = withChannels(given, spec);
    const { recipe, pixel } = spec;
    this.#image = image;
    this.#spec = spec;
    this.#frame = frameOf(image, recipe, pixel);
    this.#course = courseOf(this.#frame.rows, image, spec);
    this.#views = viewsOf(recipe.mirror);
  }

  /** How many runs the image takes. */
  get inputs(): number {
    return this.#course.windows.length * this.#views.length;
  }

  /** Its tiles, where it was cut into some because it is large. */
  get tiling(): Tiling | undefined {
    return this.#course.tiling;
  }

  /** What the network is given in one run: [1, C, H, W] or [1, H, W, C] as its layout says, and for a model that takes images [1, H, W, C]. */
  input(index: number): Floats | Bytes {
    const { recipe, io, depth, layout } = this.#spec;
    const { height, width, channels } = this.#image;
    if (io === 'image') {
      const data = withDepth(this.#image, depth, recipe.normalization);
      return { dims: [1, height, width, channels], data };
    }
    const { window, view } = this.#run(index);
    const data = mirrored(this.#course.input(window, layout), window, view, layout);
    const dims =
      layout === 'NHWC'
        ? [1, window.height, window.width, channels]
        : [1, channels, window.height, window.width];
    return { dims, data };
  }

  /** The window of a run, and how it is mirrored. */
  #run(index: number) {
    const window = this.#course.windows[Math.floor(index / this.#views.length)];
    if (window === undefined) throw new RangeError(`no input ${index} of ${this.inputs}`);
    return { window, view: at(this.#views, index % this.#views.length) };
  }

  /**
   * Takes what one run gives.
   * @throws NmodeError (BAD_MODEL) where it is not [1, classes, height, width], or in the order of its layout, or no probabilities
   */
  place(index: number, output: Floats): void {
    const { outputLayout, classes: semantics, folds = 1 } = this.#spec;
    const given = planesOf(output, outputLayout);
    if (given.classes % folds !== 0)
      throw badModel(
        `the model gives ${given.classes} classes of ${folds} folds, expected the same number for each`,
      );
    if (semantics.names !== undefined) givenClassNames(semantics.names, given.classes / folds);
    const one = this.#areLogitsAveraged ? given : this.#checked(given);
    const { window, view } = this.#run(index);
    const runs = this.#views.length;
    const upright = mirrored(one.data, one, view);
    const sum = index % runs === 0 || this.#sum === undefined ? upright : added(this.#sum, upright);
    this.#sum = sum;
    if (index % runs < runs - 1) return;
    this.#course.place(window, { ...one, data: runs === 1 ? sum : sum.map((value) => value / runs) });
  }

  /** Whether windows are averaged before they become probabilities. */
  get #areLogitsAveraged(): boolean {
    const { recipe, head } = this.#spec;
    return recipe.sizing.kind === 'slide' && head !== undefined;
  }

  /** What a model gives, as probabilities. @throws NmodeError (BAD_MODEL) */
  #checked(given: Probabilities): Probabilities {
    const { head, assumed, classes: semantics } = this.#spec;
    const { classes } = given;
    const data = head === undefined ? given.data : applyHead(head, given.data, classes);
    checkProbabilities(
      data,
      classes,
      assumed.some(({ option }) => option === 'head'),
    );
    if (semantics.kind === 'exclusive') checkShares(data, classes);
    return { ...given, data };
  }

  finish(options: FinishOptions): Finished {
    const probabilities = this.#probabilities(options.at);
    const found = masksOf(probabilities, this.#spec.classes, options.threshold, options);
    return {
      ...found,
      classes: probabilities.classes,
      ...(options.wantProbabilities && { probabilities }),
      ...(options.wantComponents && { components: found.masks.map(componentsOf) }),
      ...(options.wantPixels && { image: inRgb(asWindowed(this.#image, this.#spec.recipe.normalization)) }),
    };
  }

  #probabilities(at: MaskSize): Probabilities {
    const { folds = 1 } = this.#spec;
    const given = this.#course.result();
    const result = given && folds > 1 ? meanOfFolds(given, folds) : given;
    if (result === undefined) throw new TypeError('nothing was put in place');
    const { recipe, classes, io } = this.#spec;
    if (io === 'image')
      return at === 'network' ? result : resizedPlanes(result, this.#image.width, this.#image.height);
    if (at === 'network' && recipe.sizing.kind === 'resize') return result;
    const back = this.#frame.back(result);
    const outside = classes.kind === 'exclusive' ? backgroundOf(classes) : undefined;
    return this.#frame.pasted(this.#areLogitsAveraged ? this.#checked(inHalf(back)) : back, outside);
  }
}

/** The class of what is cropped away. */
const backgroundOf = ({ background }: Extract<Classes, { kind: 'exclusive' }>) =>
  background === 'none' ? 0 : background;

/** The mean of what several folds give, one after another; each sum is rounded to half precision, as in nnU-Net. */
function meanOfFolds({ classes, data, ...size }: Probabilities, folds: number): Probabilities {
  const length = data.length / folds;
  let sum = data.subarray(0, length);
  for (let fold = 1; fold < folds; fold++)
    sum = floatsOf(toHalf(added(sum, data.subarray(fold * length, (fold + 1) * length))));
  return inHalf({ ...size, classes: classes / folds, data: sum.map((value) => value / folds) });
}

/** As nnU-Net keeps what it has averaged. */
const inHalf = (planes: Probabilities): Probabilities => ({ ...planes, data: floatsOf(toHalf(planes.data)) });

function added(into: Float32Array, values: Float32Array): Float32Array {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + (values[i] as number);
  return into;
}

function courseOf(rows: Rows, image: Size, { io, recipe: { sizing }, ...limits }: ModelSpec): Course {
  if (io === 'image') return resizedCourse(rows, image);
  switch (sizing.kind) {
    case 'resize':
      return resizedCourse(rows, sizing);
    case 'pad':
      return paddedCourse(rows, sizing.multiple, limits);
    case 'slide':
      return slidingCourse(rows, sizing);
  }
}
