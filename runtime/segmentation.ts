import type { NmodeError } from '../graph/common/errors.js';
import type { Mask } from './common/raster.js';
import type { Tiling } from './images/courses/course.js';
import type { Finished } from './images/job.js';
import type { SegmentOptions, Wanted } from './segment-options.js';
import type { SharedProviderReport } from './sessions/session.js';

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
