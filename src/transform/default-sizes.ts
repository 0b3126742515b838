import { openName } from '../../graph/analysis/infer.js';
import { RELEASE_SIDE } from '../../graph/common/recipe.js';

/**
 * Sizes to count with: batch 1 and the release's 256 for what an input [N, C, H, W] leaves open.
 * @param asked sizes of open axes that are to be others, by axis
 */
export function defaultSizes(
  input: string,
  declared: readonly (number | string)[],
  asked: readonly (number | undefined)[] = [],
) {
  const known: Record<string, number> = {};
  const shape = declared.map((size, axis) => {
    const dim = openName(input, size, axis);
    if (typeof dim === 'number') return dim;
    known[dim] ??= asked[axis] ?? (axis === 0 ? 1 : RELEASE_SIDE);
    return known[dim];
  });
  return { shape, known };
}
