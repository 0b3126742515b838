import { at } from '../../../graph/common/at.js';
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
