import { openName } from '../../graph/analysis/infer.js';
import type { Model } from '../../graph/ir/model.js';
import { RELEASE_SIDE } from '../../graph/recipe/recipe.js';

/** A side of volumes, which have more elements. */
const VOLUME_SIDE = 64;

/**
 * Sizes to count with: batch 1 and, for what an input [N, C, H, W] leaves open, the release's 256; 64 for one [N, C, D, H, W].
 * @param asked sizes of open axes that are to be others, by axis
 */
export function defaultSizes(
  input: string,
  declared: readonly (number | string)[],
  asked: readonly (number | undefined)[] = [],
) {
  const known: Record<string, number> = {};
  const side = declared.length > 4 ? VOLUME_SIDE : RELEASE_SIDE;
  const shape = declared.map((size, axis) => {
    const dim = openName(input, size, axis);
    if (typeof dim === 'number') return dim;
    known[dim] ??= asked[axis] ?? (axis === 0 ? 1 : side);
    return known[dim];
  });
  return { shape, known };
}

/** The sizes that a model declares for an input, beside those to count with. */
export function inputSizes({ graph }: Model, name: string) {
  const declared = graph.inputs.find((input) => input.name === name)?.type?.shape;
  if (declared === undefined) throw new TypeError(`no sizes are declared for ${name}`);
  return { declared, ...defaultSizes(name, declared) };
}
