import { reason } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import {
  CLASS_NAMES_KEY,
  checkClassNames,
  checkNameCount,
  classNamesIn,
  givenClassNames,
} from '../../graph/recipe/class-names.js';
import type { Checkpoint } from '../checkpoints/open.js';

/** What the classes of a model are called, and who says so. */
export interface NamedClasses {
  readonly names?: readonly string[];
  /** `metadata_props`; none where nobody says. */
  readonly metadata: readonly [string, string][];
  readonly notes: readonly string[];
}

/**
 * Names that are given, or else those that a file has for the network's classes, or the checkpoint for so many.
 * @throws NmodeError (BAD_USAGE) for names that are none, or not as many
 */
export function namedClasses(
  checkpoint: Pick<Checkpoint, 'extras'> | undefined,
  count: number,
  given: readonly string[] | undefined,
  said?: readonly string[],
): NamedClasses {
  if (given !== undefined) return named(givenClassNames(given, count), []);
  try {
    const found = said ? checkedNames(said, count) : classNamesIn(checkpoint?.extras ?? new Map(), count);
    if (found === undefined) return { metadata: [], notes: [] };
    return named(found, [`the checkpoint names the classes: ${found.join(', ')}`]);
  } catch (error) {
    const note = `its names of the classes are left out: ${reason(error)}; ${option('classNames')} gives others`;
    return { metadata: [], notes: [note] };
  }
}

function checkedNames(said: readonly string[], count: number): readonly string[] {
  const names = checkClassNames(said);
  checkNameCount(names, count);
  return names;
}

const named = (names: readonly string[], notes: readonly string[]): NamedClasses => ({
  ...{ names, notes },
  metadata: [[CLASS_NAMES_KEY, JSON.stringify(names)]],
});
