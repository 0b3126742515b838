import type { Assumption } from '../graph/common/assumption.js';
import { at } from '../graph/common/at.js';
import { badModel, badUsage } from '../graph/common/errors.js';
import { LAYOUT_KEY, LAYOUTS, type Layout, type ModelIo } from '../graph/common/recipe.js';
import type { Outline } from '../graph/ir/model.js';

type Size = number | string | undefined;

/** Which axes are channels, height and width. */
export const axesOf = (layout: Layout): readonly [channels: number, height: number, width: number] =>
  layout === 'NCHW' ? [1, 2, 3] : [3, 1, 2];

/** Images of 1, 3 or 4 channels, as other frameworks have them last. */
const areChannels = (size: Size) => size === 1 || size === 3 || size === 4;

/**
 * In which order a model takes pixels and channels: as the caller says, or its metadata, or else as its shape does.
 * @throws NmodeError (BAD_USAGE, BAD_MODEL)
 */
export function layoutOf(
  shape: readonly Size[],
  io: ModelIo,
  metadata: Outline['metadata'],
  given: Layout | undefined,
): { readonly layout: Layout; readonly assumed: readonly Assumption[] } {
  if (given !== undefined && !LAYOUTS.includes(given)) {
    throw badUsage(`a layout of '${given}', expected ${LAYOUTS.join(' or ')}`);
  }
  if (io === 'image') {
    if (given === 'NCHW')
      throw badUsage(
        "it takes images as they are, whose channels are last: `layout: 'NCHW'` contradicts that",
      );
    return { layout: 'NHWC', assumed: [] };
  }
  const stated = metadata.get(LAYOUT_KEY);
  const declared = LAYOUTS.find((layout) => layout === stated);
  if (stated !== undefined && declared === undefined) {
    throw badModel(`its metadata ${LAYOUT_KEY}: '${stated}' is none of ${LAYOUTS.join(', ')}`);
  }
  const said = given ?? declared;
  if (said !== undefined) return { layout: said, assumed: [] };
  if (!areChannels(shape[3]) || areChannels(shape[1])) return { layout: 'NCHW', assumed: [] };
  return { layout: 'NHWC', assumed: [{ what: 'layout', value: 'NHWC, by its shape', option: 'layout' }] };
}

/** That of what it gives: as its shape says, or else as that of what it takes. */
export function outputLayoutOf(
  { inputs, outputs }: Outline,
  { io, layout }: { readonly io: ModelIo; readonly layout: Layout },
): Layout {
  const otherwise = io === 'image' ? 'NCHW' : layout;
  const [taken, given] = [inputs[0]?.type?.shape, outputs[0]?.type?.shape];
  if (taken === undefined || given === undefined || given.length !== 4) return otherwise;
  const [, ...space] = axesOf(layout);
  const fits = (candidate: Layout) => {
    const [, ...own] = axesOf(candidate);
    return own.every((axis, index) => given[axis] === taken[at(space, index)]);
  };
  const fitting = LAYOUTS.filter(fits);
  return fitting.length === 1 ? (fitting[0] ?? otherwise) : otherwise;
}
