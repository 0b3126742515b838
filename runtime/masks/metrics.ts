import { badUsage } from '../../graph/common/errors.js';
import { checkArgument, type Kind } from '../../graph/common/option-kinds.js';
import { MASK, type Mask } from '../common/raster.js';

/** Pixels by what was found and what is true. */
export interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
}

/** The paper's metrics, 0..1. */
export interface Metrics {
  readonly miou: number;
  readonly dsc: number;
  readonly accuracy: number;
  readonly sensitivity: number;
  readonly specificity: number;
}

const CONFUSION: Kind = [
  '{ tp, fp, fn, tn } in numbers',
  (value) => ['tp', 'fp', 'fn', 'tn'].every((name) => typeof Object(value)[name] === 'number'),
];

export const NO_PIXELS: Confusion = { tp: 0, fp: 0, fn: 0, tn: 0 };

/**
 * Counts two masks of one size against each other.
 * @param counted 0 where a pixel does not count; all do by default
 * @throws NmodeError (BAD_USAGE) for what are no masks, or of different sizes
 */
export function confusionOf(found: Mask, truth: Mask, counted?: Uint8Array): Confusion {
  checkArgument('found', found, MASK);
  checkArgument('truth', truth, MASK);
  const { width, height } = truth;
  if (found.width !== width || found.height !== height) {
    throw badUsage(`a mask of ${found.width}x${found.height} against one of ${width}x${height}`);
  }
  let [tp, fp, fn, tn] = [0, 0, 0, 0];
  for (let i = 0; i < truth.data.length; i++) {
    if (counted?.[i] === 0) continue;
    const [positive, inside] = [found.data[i] !== 0, truth.data[i] !== 0];
    if (positive && inside) tp++;
    else if (positive) fp++;
    else if (inside) fn++;
    else tn++;
  }
  return { tp, fp, fn, tn };
}

export function addConfusions(a: Confusion, b: Confusion): Confusion {
  return { tp: a.tp + b.tp, fp: a.fp + b.fp, fn: a.fn + b.fn, tn: a.tn + b.tn };
}

/** Metrics as the release counts them: from one confusion matrix over all pixels; 0 where a denominator is 0. */
export function metricsOf(confusion: Confusion): Metrics {
  checkArgument('confusion', confusion, CONFUSION);
  const { tp, fp, fn, tn } = confusion;
  const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    miou: ratio(tp, tp + fp + fn),
    dsc: ratio(2 * tp, 2 * tp + fp + fn),
    accuracy: ratio(tp + tn, tp + fp + fn + tn),
    sensitivity: ratio(tp, tp + fn),
    specificity: ratio(tn, tn + fp),
  };
}

/**
 * Dice similarity coefficient 2 |A and B| / (|A| + |B|) of one image; 1 where both masks are empty, since nothing was
 * to be found and nothing was.
 */
export function diceOf(confusion: Confusion): number {
  checkArgument('confusion', confusion, CONFUSION);
  const { tp, fp, fn } = confusion;
  return tp + fp + fn === 0 ? 1 : (2 * tp) / (2 * tp + fp + fn);
}
