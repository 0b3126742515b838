import type { Layout } from '../../../graph/recipe/layout.js';
import type { Probabilities } from '../../common/raster.js';
import type { Window } from './tiles.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How an image that takes more than one run was cut into tiles. */
export interface Tiling {
  readonly tiles: number;
  /** Sides of a tile, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Bytes of `memoryBudget` with which it runs as a whole. */
  readonly wholeBudget: number;
  /** Why the masks may differ from those of the whole image; absent where they are the same. */
  readonly approximate?: string;
}

/** How a prepared image is run in windows, and what they give becomes one. */
export interface Course {
  readonly windows: readonly Window[];
  /** Where it was cut because it is large. */
  readonly tiling?: Tiling;
  /** What the network is given of a window: [C, height, width] of it, or [height, width, C] as the layout says. */
  input(window: Window, layout: Layout): Float32Array;
  /** Takes what the network gives for a window. @throws NmodeError (BAD_MODEL) where it is of another size */
  place(window: Window, output: Probabilities): void;
  /** What was put in place, together; undefined before the first. */
  result(): Probabilities | undefined;
}
