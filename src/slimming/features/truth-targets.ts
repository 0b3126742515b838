import { basename } from 'node:path';
import { at } from '../../../graph/common/at.js';
import type { Probabilities } from '../../../runtime/common/raster.js';
import { type Classes, maskLabelsOf } from '../../../runtime/masks/classes.js';
import { knownLabels, readingBesideBackground } from '../../../runtime/truth/known-labels.js';
import { type TruthReading, truthOf, truthOfLabel } from '../../../runtime/truth/truth.js';
import { type TruthMask, truthAt } from '../../../runtime/truth/truth-at.js';
import type { TruthImage } from '../../../runtime/truth/truth-image.js';
import { readTruthOf } from '../../files/orientation-mismatch.js';
import type { Pair } from '../../files/pairs.js';
import type { Targets } from './features.js';

/** How ground truth takes part in what a student learns. */
export interface TruthOptions {
  /** By the name of an image. */
  readonly pairs: ReadonlyMap<string, Pair>;
  readonly reading: TruthReading;
  readonly classes: Classes;
  /** From 0, the teacher alone, to 1, the ground truth alone. */
  readonly weight: number;
}

/**
 * Targets between what a teacher and what ground truth say: (1 - w) p + w t. Where truth does not count, and of images without, they are the
 * teacher's. @throws NmodeError (BAD_IMAGE) for truth that does not fit its image
 */
export function targetsWithTruth({ pairs, reading, classes, weight }: TruthOptions): Targets {
  return async ({ name }, size, shape) => {
    const pair = pairs.get(name);
    if (pair === undefined) return (given) => given;
    const stored = await readTruthOf(pair, size);
    const masks = masksOf(stored, basename(pair.mask), classes, shape, reading);
    const plane = shape.height * shape.width;
    const truth = new Float32Array(masks.length * plane);
    const counted = new Float32Array(masks.length * plane).fill(1);
    for (const [label, mask] of masks.entries()) {
      for (let pixel = 0; pixel < plane; pixel++) {
        truth[label * plane + pixel] = mask.mask.data[pixel] === 0 ? 0 : 1;
        if (mask.counted?.[pixel] === 0) counted[label * plane + pixel] = 0;
      }
    }
    const dims = [1, masks.length, shape.height, shape.width];
    return (given, view) => {
      const wanted = view.masks({ dims, data: truth }).data;
      const counts = view.masks({ dims, data: counted }).data;
      const data = given.data.map((probability, place) => {
        const share = weight * at(counts, place);
        return (1 - share) * probability + share * at(wanted, place);
      });
      return { ...given, data };
    };
  };
}

/** The truth of each class that the model gives, the background too, at the size of the network. */
function masksOf(
  stored: TruthImage,
  name: string,
  classes: Classes,
  { classes: count, width, height }: Pick<Probabilities, 'classes' | 'width' | 'height'>,
  reading: TruthReading,
): readonly TruthMask[] {
  if (maskLabelsOf(classes, count).length > 1) {
    const labels = knownLabels(stored, name, classes, count, reading.ignoreLabel);
    const first = classes.kind === 'exclusive' ? 0 : 1;
    return Array.from({ length: count }, (_, index) =>
      truthAt(truthOfLabel(labels, first + index, reading.ignoreLabel), width, height),
    );
  }
  const truth = truthOf(stored, name, readingBesideBackground(stored, classes, count, reading));
  const found = truthAt(truth, width, height);
  if (count === 1) return [found];
  // The background is what the other class is not.
  const others = { ...found, mask: { ...found.mask, data: found.mask.data.map((inside) => 255 - inside) } };
  return classes.kind === 'exclusive' && classes.background === 0 ? [others, found] : [found, others];
}
