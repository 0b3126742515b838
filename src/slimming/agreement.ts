import { at } from '../../graph/common/at.js';
import type { Mask } from '../../runtime/common/raster.js';
import { type Classes, masksOf } from '../../runtime/masks/classes.js';
import { confusionOf } from '../../runtime/masks/metrics.js';
import type { Floats } from '../../runtime/sessions/tensors.js';
import { imageDice } from '../reports/compare-classes.js';

/** DSC of two networks' masks of one image: the mean over the classes that either finds, 1 where neither finds any. */
export function maskAgreement(found: readonly Mask[], wanted: readonly Mask[]): number {
  return imageDice(
    wanted.map((mask, label) => ({
      ...{ label, isBackground: false },
      confusion: confusionOf(at(found, label), mask),
    })),
  );
}

/** The same of each image of a batch, by probabilities [N, classes, H, W]. */
export function agreementOf(found: Floats, wanted: Floats, classes: Classes): readonly number[] {
  const [images = 0, count = 1, height = 1, width = 1] = found.dims;
  const size = count * height * width;
  const masksAt = ({ data }: Floats, image: number) => {
    const probabilities = {
      classes: count,
      width,
      height,
      data: data.subarray(image * size, (image + 1) * size),
    };
    return masksOf(probabilities, classes, undefined, {}).masks;
  };
  return Array.from({ length: images }, (_, image) =>
    maskAgreement(masksAt(found, image), masksAt(wanted, image)),
  );
}
