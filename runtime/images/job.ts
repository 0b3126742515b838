import type { Reach } from '../../graph/analysis/receptive-field.js';
import type { Assumption } from '../../graph/common/assumption.js';
import { givenClassNames } from '../../graph/common/class-names.js';
import { badModel } from '../../graph/common/errors.js';
import type { Layout } from '../../graph/common/layout.js';
import type { ModelIo, Recipe } from '../../graph/common/recipe.js';
import { channelOf, type ImageRaster, type Probabilities, type RgbImage } from '../common/raster.js';
import { type Classes, type ClassMasks, masksOf } from '../masks/classes.js';
import { type Cleaning, type Components, componentsOf } from '../masks/components.js';
import type { Bytes, Floats } from '../sessions/tensors.js';
import { type Channels, inRgb, withChannels } from './channels.js';
import { asWindowed, type Depth, withDepth } from './depth.js';
import { applyHead } from './files/head.js';
import { type Levels, levelsOf } from './levels.js';
import { prepareResized, prepareWindow } from './prepare.js';
import { resizeBilinear } from './resize.js';
import { blendWeights, planTiles, type TilePlan, type Window } from './tiles.js';

/** How a model wants its images. */
export interface ImageSpec extends Channels {
  readonly io: ModelIo;
  readonly recipe: Recipe;
  /** Of a model that takes images as they are. */
  readonly depth: Depth;
  readonly layout: Layout;
  /** Bytes that one run may take, where images keep their own size. */
  readonly memoryBudget: number;
  /** Bytes of activations for each pixel of the input. */
  readonly bytesPerPixel: number;
  /** What neither the model nor the caller says. */
  readonly assumed: readonly Assumption[];
  /** How far the network looks, where images keep their own size. */
  readonly reach: Reach;
}

/** What a model gives. */
export interface OutputSpec {
  readonly classes: Classes;
  /** What turns its logits into probabilities; absent where it gives probabilities. */
  readonly head?: 'sigmoid' | 'softmax';
  readonly outputLayout: Layout;
  readonly assumed: readonly Assumption[];
}

/** How a model turns images into classes. */
export interface ModelSpec extends ImageSpec, OutputSpec {}

/** How an image that takes more than one run was cut into tiles. */
export interface Tiling {
  readonly tiles: number;
  /** Of each tile. */
  readonly width: number;
  readonly height: number;
  /** Bytes of `memoryBudget` with which it runs as a whole. */
  readonly wholeBudget: number;
  /** Why the masks may differ from those of the whole image; absent where they are the same. */
  readonly approximate?: string;
}

export interface FinishOptions extends Cleaning {
  /** A pixel belongs to the mask where its probability reaches this, 0..1; undefined for what the classes ask for. */
  readonly threshold: number | undefined;
  /** The size of masks and probabilities: the image's own, or the network's input. */
  readonly at: 'image' | 'network';
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
 * place, and then the masks are made. It knows no file and no runtime.
 */
export class Job {
  readonly #image: ImageRaster;
  readonly #spec: ModelSpec;
  readonly #plan: TilePlan | undefined;
  readonly #windows: readonly Window[];
  /** Looks at the whole image: found once, at the first input. */
  #levels: Levels | undefined;
  #result: Probabilities | undefined;

  /** @throws NmodeError (BAD_IMAGE) for an image of other channels than the model takes */
  constructor(given: ImageRaster, spec: ModelSpec) {
    const image = withChannels(given, spec);
    this.#image = image;
    this.#spec = spec;
    this.#plan = planOf(image, spec);
    this.#windows = this.#plan?.windows ?? [oneWindow(image, spec)];
  }

  /** How many runs the image takes. */
  get inputs(): number {
    return this.#windows.length;
  }

  /** Its tiles; undefined where it was not. */
  get tiling(): Tiling | undefined {
    const [window] = this.#windows;
    if (this.#plan === undefined || window === undefined || this.inputs === 1) return undefined;
    const { wholeBudget, isExact, exactBudget } = this.#plan;
    const { reach } = this.#spec;
    return {
      tiles: this.inputs,
      width: window.width,
      height: window.height,
      wholeBudget,
      ...(!isExact && { approximate: 'why' in reach ? reach.why : tooFar(reach.pixels, exactBudget) }),
    };
  }

  /** What the network is given in one run: [1, C, H, W] or [1, H, W, C] as its layout says, and for a model that takes images [1, H, W, C]. */
  input(index: number): Floats | Bytes {
    const { recipe, io, depth, layout } = this.#spec;
    const image = this.#image;
    if (io === 'image') {
      return {
        dims: [1, image.height, image.width, image.channels],
        data: withDepth(image, depth, recipe.normalization),
      };
    }
    const { width, height } = this.#window(index);
    this.#levels ??= levelsOf(image, recipe.normalization);
    const data =
      recipe.sizing.kind === 'resize'
        ? prepareResized(image, this.#levels, width, height, layout)
        : prepareWindow(image, this.#levels, this.#window(index), layout);
    const { channels } = image;
    const dims = layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
    return { dims, data };
  }

  #window(index: number): Window {
    const window = this.#windows[index];
    if (window === undefined) throw new RangeError(`no input ${index} of ${this.inputs}`);
    return window;
  }

  /**
   * Takes the probabilities of one run.
   * @throws NmodeError (BAD_MODEL) where they are not [1, classes, height, width], or in the order of its layout
   */
  place(index: number, output: Floats): void {
    const { io, recipe, head, assumed, outputLayout } = this.#spec;
    const { dims, data: given } = outputLayout === 'NHWC' ? channelsFirst(output) : output;
    const [batch, classes, height, width, ...others] = dims;
    const is4d = height !== undefined && width !== undefined && others.length === 0;
    if (!is4d || batch !== 1 || classes === undefined || classes < 1 || classes > 255) {
      throw badModel(`the model gives [${dims}], expected [1, classes, H, W] of 1 to 255 classes`);
    }
    const { classes: semantics } = this.#spec;
    if (semantics.names !== undefined) givenClassNames(semantics.names, classes);
    const data = head === undefined ? given : applyHead(head, given, classes);
    const mayBeLogits = assumed.some(({ option }) => option === 'head');
    checkProbabilities(data, mayBeLogits);
    if (semantics.kind === 'exclusive') checkShares(data, classes);
    const placed = { classes, width, height, data };
    if (io === 'image' || recipe.sizing.kind === 'resize') {
      this.#result = placed;
      return;
    }
    const window = this.#window(index);
    if (width !== window.width || height !== window.height) {
      throw badModel(
        `the model gives [${dims}] for an input of ${window.height}x${window.width}, expected the same size`,
      );
    }
    const size = { width: this.#image.width, height: this.#image.height };
    this.#result ??= { classes, ...size, data: new Float32Array(classes * size.width * size.height) };
    addWindow(this.#result, placed, window, this.#windows, this.#plan?.margin);
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

  #probabilities(at: FinishOptions['at']): Probabilities {
    const result = this.#result;
    if (result === undefined) throw new TypeError('nothing was put in place');
    const { width, height } = this.#image;
    if (at === 'network' || (result.width === width && result.height === height)) return result;
    const size = width * height;
    const data = new Float32Array(result.classes * size);
    for (let index = 0; index < result.classes; index++) {
      data.set(resizeBilinear(channelOf(result, index), width, height).data, index * size);
    }
    return { classes: result.classes, width, height, data };
  }
}

/** [1, H, W, classes] as [1, classes, H, W]; any other shape as it is. */
function channelsFirst({ dims, data: from }: Floats): Floats {
  const [batch = 0, height = 0, width = 0, classes = 0] = dims;
  const size = height * width;
  if (dims.length !== 4 || batch !== 1) return { dims, data: from };
  const data = new Float32Array(from.length);
  for (let label = 0; label < classes; label++) {
    for (let pixel = 0; pixel < size; pixel++)
      data[label * size + pixel] = from[pixel * classes + label] as number;
  }
  return { dims: [batch, classes, height, width], data };
}

/**
 * Rounding may pass 0 and 1 by a little.
 * @param mayBeLogits whether nobody says what they are, so that a head can be named
 * @throws NmodeError (BAD_MODEL) for what are no probabilities
 */
function checkProbabilities(data: Float32Array, mayBeLogits: boolean): void {
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value >= -1e-3 && value <= 1.001) continue;
    const hint =
      mayBeLogits && Number.isFinite(value)
        ? ": where these are logits, say what turns them into some with `head: 'sigmoid'` or `head: 'softmax'`"
        : ' from 0 to 1';
    throw badModel(`the model gives ${value}, expected probabilities${hint}`);
  }
}

/** Shares of 8 bits miss 1 by at most half a step a class. */
const SHARE_ERROR = 1e-2;

/**
 * Classes exclude each other where a softmax is over the classes, and not over what else a tensor has.
 * @throws NmodeError (BAD_MODEL)
 */
function checkShares(data: Float32Array, classes: number): void {
  if (classes === 1) {
    throw badModel('the model gives a softmax over one class, which is always 1: expected a sigmoid');
  }
  const size = data.length / classes;
  const allowed = Math.max(SHARE_ERROR, classes / 255);
  for (let pixel = 0; pixel < size; pixel++) {
    let sum = 0;
    for (let at = pixel; at < data.length; at += size) sum += data[at] as number;
    if (Math.abs(sum - 1) <= allowed) continue;
    throw badModel(
      `the model's ${classes} classes add up to ${sum.toPrecision(3)} in a pixel, expected 1: its softmax is not over the classes`,
    );
  }
}

function planOf(
  { width, height }: ImageRaster,
  { io, recipe, reach, ...limits }: ModelSpec,
): TilePlan | undefined {
  const { sizing } = recipe;
  if (io === 'image' || sizing.kind === 'resize') return undefined;
  return planTiles(width, height, {
    multiple: sizing.multiple,
    budget: limits.memoryBudget,
    activations: limits.bytesPerPixel,
    reach: 'pixels' in reach ? reach.pixels : undefined,
  });
}

function oneWindow(image: ImageRaster, { io, recipe: { sizing } }: ModelSpec): Window {
  const { width, height } = io === 'image' || sizing.kind === 'pad' ? image : sizing;
  return { x: 0, y: 0, width, height };
}

function tooFar(pixels: number, exactBudget = Number.NaN): string {
  const budget = Math.ceil(exactBudget / 1e6);
  return `the network looks ${pixels} pixels far, more than tiles of this size can overlap: from a memory budget of ${budget} MB on they can`;
}

/** Adds a window's probabilities, weighted so that those of overlapping windows add up to a mean. */
function addWindow(
  { width, height, data: into }: Probabilities,
  { classes, data: from }: Probabilities,
  window: Window,
  windows: readonly Window[],
  margin = { x: 0, y: 0 },
): void {
  const along = (axis: 'x' | 'y') => [...new Set(windows.map((other) => other[axis]))].sort((a, b) => a - b);
  const across = blendWeights(window.x, window.width, along('x'), margin.x);
  const down = blendWeights(window.y, window.height, along('y'), margin.y);
  const [rows, columns] = [
    Math.min(window.height, height - window.y),
    Math.min(window.width, width - window.x),
  ];
  for (let index = 0; index < classes; index++) {
    for (let row = 0; row < rows; row++) {
      const source = (index * window.height + row) * window.width;
      const target = (index * height + window.y + row) * width + window.x;
      const weight = down[row] as number;
      for (let column = 0; column < columns; column++) {
        into[target + column] =
          (into[target + column] as number) +
          (from[source + column] as number) * weight * (across[column] as number);
      }
    }
  }
}
