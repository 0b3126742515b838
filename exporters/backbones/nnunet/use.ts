import { at } from '../../../graph/common/at.js';
import type { Assumption } from '../../../graph/recipe/assumption.js';
import { isWhole } from '../arguments/arguments.js';
import { badText } from '../arguments/extras.js';
import type { NetworkDefinition } from '../backbone.js';
import type { Contradiction } from './contradictions.js';
import { layerText } from './layers.js';
import type { Plan } from './plans.js';
import { MAX_SIDE, preparationOf } from './preparation.js';
import { isOwn } from './trainers.js';

/** A norm as the plan has it, and as the network is built. */
interface Norms {
  readonly planned: unknown;
  readonly built: unknown;
}

/** What is not in the keys and may be otherwise than the plan says. */
function assumedOf({ place, trainer }: Plan, { planned, built }: Norms): readonly Assumption[] {
  const assumed: Assumption[] = [];
  const add = (what: string, value: string) => assumed.push({ what, value, option: 'backboneArguments' });
  if (layerText(built) === 'none' && layerText(planned) !== 'none') {
    add('norm', `none, as its keys have none, where ${place} has one`);
  }
  if (!isOwn(trainer)) {
    add(
      'activation and all else that keys do not show',
      `as ${place} has it, which ${trainer?.slice(0, 60)}, no trainer of nnU-Net's own, may change`,
    );
  }
  return assumed;
}

function notesOf(
  { place, settings, dataset }: Plan,
  { planned, built }: Norms,
  changed: readonly Contradiction[],
): readonly string[] {
  const [before, now] = [layerText(planned), layerText(built)];
  const previous = settings.previous_stage;
  const notes = changed.map(
    ({ name, says, has }) =>
      `its weights have ${name} ${has}, where ${place}, says ${says}: its trainer put that in its place`,
  );
  if (before !== now && now !== 'none') {
    notes.push(
      `its keys are those of a ${now} norm, where ${place}, says ${before}: its trainer put that in its place`,
    );
  }
  if (typeof previous === 'string') {
    notes.push(
      `a cascade: the last ${dataset?.labels.foreground.length ?? ''} channels of its input are the labels that ${previous.slice(0, 60)} gives, each 0 or 1`,
    );
  }
  return notes;
}

const originOf = ({ place, trainer }: Plan): string =>
  isOwn(trainer)
    ? `which ${place}, says`
    : `which ${place}, says, and ${trainer?.slice(0, 60)}, no trainer of nnU-Net's own, may have changed`;

/** The size of its tiles. @throws NmodeError (BAD_CHECKPOINT) for one that the network does not take */
function patchOf({ place, settings }: Plan, multiple: readonly number[]): readonly number[] | undefined {
  const patch: unknown = settings.patch_size;
  if (!Array.isArray(patch)) return undefined;
  const isFit = (size: unknown, axis: number) =>
    isWhole(size, 1, MAX_SIDE) && size % at(multiple, axis) === 0;
  if (patch.length === multiple.length && patch.every(isFit)) return patch;
  throw badText(
    place,
    `patch_size is ${patch.length === 0 ? 'empty' : patch.join('x').slice(0, 60)}, expected ${multiple.length} sizes from 1 to ${MAX_SIDE}, multiples of ${multiple.join('x')} for its strides`,
  );
}

/**
 * What plan and dataset say of how the network is used.
 * @param multiple what each axis of space must be a multiple of
 * @param changed what the weights have otherwise
 */
export function useOf(
  plan: Plan,
  multiple: readonly number[],
  norms: Norms,
  changed: readonly Contradiction[] = [],
) {
  const { dataset } = plan;
  const usualSize = patchOf(plan, multiple);
  return {
    ...(usualSize && { usualSize }),
    ...(dataset && { classNames: dataset.labels.outputs.map(({ name }) => name) }),
    ...(dataset && dataset.labels.regionsOrder === undefined && { background: 0 }),
    preparation: () => preparationOf(plan),
    origin: originOf(plan),
    assumed: assumedOf(plan, norms),
    notes: notesOf(plan, norms, changed),
  } satisfies Partial<NetworkDefinition>;
}
