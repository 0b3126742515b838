import { cost } from '../../graph/analysis/cost.js';
import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import type { Model } from '../../graph/ir/model.js';
import { axesOf } from '../../graph/recipe/layout.js';
import type { ModelSpec } from '../images/job.js';
import { usableMemory } from './sessions/limits.js';

/** Pixels of a run that fits wherever a network runs at all. */
const SMALL = 2 ** 20;

/**
 * Says before a run of minutes what a system would say by ending the process.
 * @param usable bytes
 * @throws NmodeError (CANNOT_RUN) where the feature maps that one run holds at once are more than there is memory
 */
export function refuseTooLarge(
  model: Model,
  name: string,
  { recipe: { sizing }, io, layout }: ModelSpec,
  usable = usableMemory(),
): void {
  if (io === 'image' || sizing.kind === 'pad' || sizing.width * sizing.height <= SMALL) return;
  const { width, height } = sizing;
  const shape = at(model.graph.inputs, 0).type?.shape ?? [];
  const [, down, across] = axesOf(layout);
  const sizes = shape.map(
    (dim, axis) => [dim, axis === down ? height : axis === across ? width : 1] as const,
  );
  const open = sizes.filter(([dim]) => typeof dim === 'string');
  const { peakBytes = 0 } = cost(model, Object.fromEntries(open));
  if (peakBytes <= usable) return;
  const [needed, there] = [peakBytes, usable].map((bytes) => (bytes / 1e9).toFixed(1));
  throw new NmodeError(
    'CANNOT_RUN',
    `${name}: a run on ${width}x${height} pixels holds ${needed} GB of feature maps at once, and ${there} GB of memory may be used: run it where there is more, or export the network with a smaller size`,
  );
}
