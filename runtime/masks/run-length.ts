import type { Mask } from '../common/raster.js';

/** COCO's uncompressed run-length encoding: column by column, counts of outside and inside in turn, outside first. */
export interface RunLength {
  readonly size: readonly [height: number, width: number];
  readonly counts: readonly number[];
}

export function runLengthOf({ width, height, data }: Mask): RunLength {
  const counts: number[] = [];
  let [value, count] = [false, 0];
  for (let x = 0; x < width; x++) {
    for (let at = x; at < data.length; at += width) {
      const isInside = data[at] !== 0;
      if (isInside !== value) {
        counts.push(count);
        count = 0;
        value = isInside;
      }
      count++;
    }
  }
  counts.push(count);
  return { size: [height, width], counts };
}
