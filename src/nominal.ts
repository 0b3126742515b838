import { openName } from '../graph/infer.js';
import { RELEASE_SIDE } from '../graph/recipe.js';

/** Sizes to count with: batch 1 and the release's 256 for what an input [N, C, H, W] leaves open. */
export function nominalSizes(input: string, declared: readonly (number | string)[]) {
  const known: Record<string, number> = {};
  const shape = declared.map((size, axis) => {
    const dim = openName(input, size, axis);
    if (typeof dim === 'number') return dim;
    known[dim] ??= axis === 0 ? 1 : RELEASE_SIDE;
    return known[dim];
  });
  return { shape, known };
}
