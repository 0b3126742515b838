import { badUsage } from '../graph/common/errors.js';
import type { Finished, FinishOptions } from './images/job.js';
import type { Cleaning } from './masks/components.js';

export interface SegmentOptions extends Cleaning {
  /**
   * A pixel belongs to the mask where its probability reaches this, 0..1; default 0.5. Classes that exclude each other take
   * none, but for one class beside a background.
   */
  readonly threshold?: number;
  /** Give the probabilities as well; default true. */
  readonly probabilities?: boolean;
  /** Give the connected components of each mask as well; default false. */
  readonly components?: boolean;
  /** Give the decoded image as well, for drawing; default false. */
  readonly pixels?: boolean;
  /** Rejects at once; the network's run under way ends unseen. */
  readonly signal?: AbortSignal;
}

/** What is given of an image beside its masks, by the option that asks for it. */
interface Extras {
  readonly probabilities: Pick<Finished, 'probabilities'>;
  readonly components: Pick<Finished, 'components'>;
  readonly pixels: Pick<Finished, 'image'>;
}

/** Where nothing is said. */
type Default<K extends keyof Extras> = K extends 'probabilities' ? true : false;

/** Given, absent, or either, as far as the type of an option tells. */
type Extra<K extends keyof Extras, Asked> = [Asked] extends [true]
  ? Required<Extras[K]>
  : [Asked] extends [false]
    ? { readonly [N in keyof Extras[K]]?: never }
    : Extras[K];

type Asked<O, K extends keyof Extras> = Extra<K, K extends keyof O ? O[K] : Default<K>>;

/** What options of this type ask for: of `{ pixels: true }`, the image is there. */
export type Wanted<O extends SegmentOptions> = Asked<O, 'probabilities'> &
  Asked<O, 'components'> &
  Asked<O, 'pixels'>;

/** The type of options where none are given. */
export type NoOptions = Readonly<Record<never, never>>;

/** @throws NmodeError (BAD_USAGE) for a threshold or an area that makes no sense */
export function finishOptions(options: SegmentOptions, at: FinishOptions['at']): FinishOptions {
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
