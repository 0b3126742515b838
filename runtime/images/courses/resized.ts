import type { Probabilities } from '../../common/raster.js';
import { prepareResized } from '../prepare.js';
import type { Rows } from '../resize.js';
import type { Course, Size } from './course.js';

/** The whole image at one size. What the network gives may be of any. */
export function resizedCourse(image: Rows, { width, height }: Size): Course {
  let result: Probabilities | undefined;
  return {
    windows: [{ x: 0, y: 0, width, height }],
    input: (_, layout) => prepareResized(image, width, height, layout),
    place: (_, output) => {
      result = output;
    },
    result: () => result,
  };
}
