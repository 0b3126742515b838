import { at } from '../../../graph/common/at.js';
import type { FitTask } from '../fitting/fit-task.js';
import { BatchReader, shapesAt } from './batch-reader.js';
import { cropSize, Samples, type Size } from './crops.js';

/** What a training on crops is made of: the decoder at their size, and what reads them. */
export function croppingOf({ collected, fitting }: Pick<FitTask, 'collected' | 'fitting'>) {
  const [, , height = 1, width = 1] = at(collected.shapes, collected.shapes.length - 1);
  const along = (axis: 0 | 1) => Math.max(...collected.scales.map((scale) => at(scale, axis)));
  const image: Size = [height, width];
  const stride: Size = [along(0), along(1)];
  const crop = cropSize(image, stride);
  return {
    cropped: { ...fitting, shapes: shapesAt(collected, crop) },
    reader: new BatchReader(collected, crop, fitting.batch),
    samples: new Samples(collected.train, { image, crop, stride }, fitting.batch, fitting.seed),
  };
}
