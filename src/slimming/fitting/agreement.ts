import { at } from '../../../graph/common/at.js';
import type { TrainingHead } from '../../../graph/training/losses.js';
import type { Mask } from '../../../runtime/common/raster.js';
import { type Classes, masksOf } from '../../../runtime/masks/classes.js';
import { confusionOf } from '../../../runtime/masks/metrics.js';
import type { Floats } from '../../../runtime/sessions/tensors.js';
import { imageDice } from '../../reports/compare-classes.js';

/** DSC of two networks' masks of one image: the mean over the classes that either finds, 1 where neither finds any. */
export function maskAgreement(found: readonly Mask[], wanted: readonly Mask[]): number {
  return imageDice(
    wanted.map((mask, label) => ({
      ...{ label, isBackground: false },
      confusion: confusionOf(at(found, label), mask),
    })),
  );
}

/** The same of one image, by probabilities [1, classes, H, W]. */
export function agreementOf(found: Floats, wanted: Floats, semantics: Classes): number {
  const [, classes = 1, height = 1, width = 1] = found.dims;
  const masks = ({ data }: Floats) =>
    masksOf({ classes, width, height, data }, semantics, undefined, {}).masks;
  return maskAgreement(masks(found), masks(wanted));
}

/** Probabilities are no nearer to 0 and 1: a half knows none between 0 and 6e-8. */
const LEAST = 1e-7;

const logRatio = (q: number, p: number) => Math.log(Math.max(q, LEAST) / Math.max(p, LEAST));

/**
 * Kullback-Leibler divergence of a student's probabilities from its teacher's, sum q log(q / p), in nats a pixel: of classes that exclude each other
 * (softmax) one distribution, of others (sigmoid) one for each class. Both are [1, classes, H, W].
 */
export function divergenceOf(student: Floats, teacher: Floats, head: TrainingHead): number {
  const [, , height = 1, width = 1] = teacher.dims;
  let sum = 0;
  for (let place = 0; place < teacher.data.length; place++) {
    const [q, p] = [teacher.data[place] as number, student.data[place] as number];
    sum += q * logRatio(q, p);
    if (head === 'sigmoid') sum += (1 - q) * logRatio(1 - q, 1 - p);
  }
  return sum / (height * width);
}
