import { at } from '../graph/common/at.js';
import { badModel, badUsage } from '../graph/common/errors.js';
import { option } from '../graph/common/option.js';
import { type Outline, sizesText } from '../graph/ir/model.js';
import type { Assumption } from '../graph/recipe/assumption.js';
import {
  apparentLayout,
  axesOf,
  LAYOUT_KEY,
  LAYOUTS,
  type Layout,
  statedLayout,
} from '../graph/recipe/layout.js';
import type { ModelIo } from '../graph/recipe/recipe.js';

/**
 * In which order a model takes pixels and channels: as the caller says, or its metadata, or else as its shape does.
 * @throws NmodeError (BAD_USAGE, BAD_MODEL) also where its shape contradicts what is said
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
  const declared = statedLayout(metadata);
  if (metadata.has(LAYOUT_KEY) && declared === undefined) {
    throw badModel(
      `its metadata ${LAYOUT_KEY}: '${metadata.get(LAYOUT_KEY)}' is not one of ${LAYOUTS.join(', ')}`,
    );
  }
  const apparent = apparentLayout(shape);
  const said = given ?? declared;
  if (said === undefined) {
    const assumed = { what: 'layout', value: 'NHWC, by its shape', option: 'layout' };
    return { layout: apparent ?? 'NCHW', assumed: apparent === 'NHWC' ? [assumed] : [] };
  }
  if (apparent !== undefined && said !== apparent) {
    const [refused, who] =
      given === undefined
        ? [badModel, `its metadata ${LAYOUT_KEY}: '${said}'`]
        : [badUsage, option('layout', said)];
    throw refused(
      `it takes [${sizesText(shape, ',')}], whose layout is ${apparent}: ${who} contradicts that`,
    );
  }
  return { layout: said, assumed: [] };
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
  const [fitting, ...others] = LAYOUTS.filter(fits);
  if (fitting !== undefined) return others.length === 0 ? fitting : otherwise;
  // Open sizes may have other names behind each operator, and masks be of a coarser grid.
  return apparentLayout(given) ?? otherwise;
}
