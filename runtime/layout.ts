import type { Assumption } from '../graph/common/assumption.js';
import { at } from '../graph/common/at.js';
import { badModel, badUsage } from '../graph/common/errors.js';
import { areChannelsLast, LAYOUT_KEY, LAYOUTS, type Layout } from '../graph/common/layout.js';
import type { ModelIo } from '../graph/common/recipe.js';
import type { Outline } from '../graph/ir/model.js';

/** Which axes are channels, height and width. */
export const axesOf = (layout: Layout): readonly [channels: number, height: number, width: number] =>
  layout === 'NCHW' ? [1, 2, 3] : [3, 1, 2];

/**
 * In which order a model takes pixels and channels: as the caller says, or its metadata, or else as its shape does.
 * @throws NmodeError (BAD_USAGE, BAD_MODEL)
 */
export function layoutOf(
  shape: readonly (number | string)[],
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
  if (shape.length !== 4 || !areChannelsLast(shape)) return { layout: 'NCHW', assumed: [] };
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
