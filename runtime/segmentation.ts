import { badUsage, type NmodeError } from '../graph/common/errors.js';
import { each, FLAG, FUNCTION, type Kinds, NUMBER, SIGNAL } from '../graph/common/option-kinds.js';
import type { Mask } from './common/raster.js';
import type { Tiling } from './images/courses/course.js';
import type { Finished, FinishOptions, MaskSize } from './images/job.js';
import type { Cleaning } from './masks/components.js';
import type { SharedProviderReport } from './sessions/session.js';

export interface SegmentOptions extends Cleaning {
  /** The lowest probability inside the mask, 0..1. Default: 0.5. Exclusive classes take none, except one class and a background. */
  readonly threshold?: number;
  /** Return probabilities. Default: true. */
  readonly probabilities?: boolean;
  /** Return the connected components of each mask. Default: false. */
  readonly components?: boolean;
  /** Return the decoded image, for drawing. Default: false. */
  readonly pixels?: boolean;
  /** Called after each run of the network: of an image that takes several, that is its progress. */
  readonly onRun?: ((done: number, total: number) => void) | undefined;
  /** Rejects at once; the result of a run in progress is discarded. */
  readonly signal?: AbortSignal;
}

export const CLEANING_KINDS: Kinds<Cleaning> = {
  ...each(['fillHoles', 'largestComponent'], FLAG),
  minArea: NUMBER,
};

export const SEGMENT_KINDS: Kinds<SegmentOptions> = {
  ...CLEANING_KINDS,
  threshold: NUMBER,
  ...each(['probabilities', 'components', 'pixels'], FLAG),
  onRun: FUNCTION,
  signal: SIGNAL,
};

/** What an option asks for: there, absent, or either, as far as its type tells. */
export type Given<T, Asked> = [Asked] extends [true]
  ? Required<T>
  : [Asked] extends [false]
    ? { readonly [K in keyof T]?: never }
    : T;

/** What options of this type ask for beside the masks: of `{ pixels: true }`, the image is there. */
export type Wanted<O extends SegmentOptions> = Given<
  Pick<Finished, 'probabilities'>,
  'probabilities' extends keyof O ? O['probabilities'] : true
> &
  Given<Pick<Finished, 'components'>, 'components' extends keyof O ? O['components'] : false> &
  Given<Pick<Finished, 'image'>, 'pixels' extends keyof O ? O['pixels'] : false>;

/** @throws NmodeError (BAD_USAGE) for a threshold or an area that makes no sense */
export function finishOptions(options: SegmentOptions, at: MaskSize): FinishOptions {
  const { threshold, minArea = 0 } = options;
  if (threshold !== undefined && !(threshold >= 0 && threshold <= 1)) {
    throw badUsage(`threshold ${threshold} is not from 0 to 1`);
  }
  if (!(Number.isSafeInteger(minArea) && minArea >= 0)) {
    throw badUsage(`a minimum area of ${minArea}, expected a whole number of pixels from 0 on`);
  }
  return {
    threshold,
    at,
    minArea,
    fillHoles: options.fillHoles ?? false,
    largestComponent: options.largestComponent ?? false,
    wantProbabilities: options.probabilities ?? true,
    wantComponents: options.components ?? false,
    wantPixels: options.pixels ?? false,
  };
}

/** Where the time went, in milliseconds. Stages of several images overlap, so their sum is not the throughput. */
export interface Timings {
  readonly decode: number;
  readonly preprocess: number;
  /** Waiting for a worker to be idle. */
  readonly queue: number;
  readonly inference: number;
  readonly postprocess: number;
  /** From the call to the answer. */
  readonly total: number;
}

/** What is always returned for an image. */
export interface FoundMasks<R extends SharedProviderReport = SharedProviderReport>
  extends Omit<Finished, 'probabilities' | 'components' | 'image'> {
  /** Width of the upright image. */
  readonly width: number;
  readonly height: number;
  /** The mask of the first class that is not the background. */
  readonly mask: Mask;
  /** Runs of the network: more than one if the image was tiled. */
  readonly tiles: number;
  /** What was skipped or assumed when the image was read, one line each. */
  readonly warnings: readonly string[];
  /** How, where it was. */
  readonly tiling?: Tiling;
  readonly timings: Timings;
  /** The provider that ran it. */
  readonly provider: R['effective'];
}

/** What is found in an image: masks, and what options of the type `O` ask for beside them. */
export type SharedSegmentation<
  R extends SharedProviderReport = SharedProviderReport,
  O extends SegmentOptions = SegmentOptions,
> = FoundMasks<R> & Wanted<O>;

/** One image of many: what was found, or why nothing was. */
export type SharedSegmented<
  S,
  R extends SharedProviderReport = SharedProviderReport,
  O extends SegmentOptions = SegmentOptions,
> =
  | { readonly source: S; readonly segmentation: SharedSegmentation<R, O> }
  | { readonly source: S; readonly error: NmodeError };
