import type { Reach } from '../../../graph/analysis/receptive-field.js';
import { at } from '../../../graph/common/at.js';
import { badModel } from '../../../graph/common/errors.js';
import type { Probabilities } from '../../common/raster.js';
import { prepareWindow } from '../prepare.js';
import type { Rows } from '../resize.js';
import type { Course, Tiling } from './course.js';
import { blendWeights, type Limits, planTiles, type TilePlan, type Window } from './tiles.js';

/**
 * An image at its own size, in as few tiles as fit into the budget, which are blended where they overlap.
 * @throws NmodeError (BAD_USAGE) where the budget is smaller than the smallest useful tile
 */
export function paddedCourse(image: Rows, multiple: number, limits: Limits): Course {
  const { width, height } = image;
  const plan = planTiles(width, height, multiple, limits);
  const { windows, margin } = plan;
  let result: Probabilities | undefined;
  return {
    windows,
    ...(windows.length > 1 && { tiling: tilingOf(plan, limits.reach) }),
    input: (window, layout) => prepareWindow(image, window, layout),
    place: (window, output) => {
      refuseOtherSize(output, window);
      const { classes } = output;
      result ??= { classes, width, height, data: new Float32Array(classes * width * height) };
      addWindow(result, output, window, windows, margin);
    },
    result: () => result,
  };
}

function tilingOf({ windows, wholeBudget, isExact, exactBudget }: TilePlan, reach: Reach): Tiling {
  const { width, height } = at(windows, 0);
  return {
    ...{ tiles: windows.length, width, height, wholeBudget },
    ...(!isExact && { approximate: 'why' in reach ? reach.why : tooFar(reach.pixels, exactBudget) }),
  };
}

function tooFar(pixels: number, exactBudget = Number.NaN): string {
  const budget = Math.ceil(exactBudget / 1e6);
  return `the network looks ${pixels} pixels far, more than tiles of this size can overlap: from a memory budget of ${budget} MB on they can`;
}

/** @throws NmodeError (BAD_MODEL) where an output is not of the size of its window */
export function refuseOtherSize({ classes, width, height }: Probabilities, window: Window): void {
  if (width === window.width && height === window.height) return;
  throw badModel(
    `the model gives [${[1, classes, height, width]}] for an input of ${window.height}x${window.width}, expected the same size`,
  );
}

/** Adds a window's probabilities, weighted so that those of overlapping windows add up to a mean. */
function addWindow(
  { width, height, data: into }: Probabilities,
  { classes, data: from }: Probabilities,
  window: Window,
  windows: readonly Window[],
  margin: TilePlan['margin'],
): void {
  const along = (axis: 'x' | 'y') => [...new Set(windows.map((other) => other[axis]))].sort((a, b) => a - b);
  const across = blendWeights(window.x, window.width, along('x'), margin.x);
  const down = blendWeights(window.y, window.height, along('y'), margin.y);
  const rows = Math.min(window.height, height - window.y);
  const columns = Math.min(window.width, width - window.x);
  for (let index = 0; index < classes; index++) {
    for (let row = 0; row < rows; row++) {
      const source = (index * window.height + row) * window.width;
      const target = (index * height + window.y + row) * width + window.x;
      const weight = down[row] as number;
      for (let column = 0; column < columns; column++) {
        into[target + column] =
          (into[target + column] as number) +
          (from[source + column] as number) * weight * (across[column] as number);
      }
    }
  }
}
