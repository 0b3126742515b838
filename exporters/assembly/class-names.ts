import { CLASS_NAMES_KEY, classNamesIn, givenClassNames } from '../../graph/common/class-names.js';
import type { Checkpoint } from '../checkpoints/open.js';

/** What the classes of a model are called, and who says so. */
export interface NamedClasses {
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
  const texts = said === undefined ? checkpoint?.extras : new Map([['class_names', JSON.stringify(said)]]);
  const found = given === undefined && texts ? classNamesIn(texts, count) : undefined;
  const names = given === undefined ? found : givenClassNames(given, count);
  return {
    metadata: names === undefined ? [] : [[CLASS_NAMES_KEY, JSON.stringify(names)]],
    notes: found === undefined ? [] : [`the checkpoint names the classes: ${found.join(', ')}`],
  };
}
