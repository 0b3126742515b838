import {
  CLASS_NAMES_KEY,
  checkNameCount,
  classNamesIn,
  givenClassNames,
  parseClassNames,
} from '../../graph/common/class-names.js';
import { fromMetadata } from '../common/from-metadata.js';

/**
 * What a model's classes are called: as is given, or as its metadata say, those of other exporters too.
 * @param count of its classes; undefined where its output leaves that open
 * @throws NmodeError: BAD_USAGE for names that are given and do not fit, BAD_MODEL for those of the model
 */
export function classNamesOf(
  metadata: ReadonlyMap<string, string>,
  given: readonly string[] | undefined,
  count: number | undefined,
): readonly string[] | undefined {
  if (given !== undefined) return givenClassNames(given, count);
  const stated = metadata.get(CLASS_NAMES_KEY);
  if (stated === undefined) return count === undefined ? undefined : classNamesIn(metadata, count);
  return fromMetadata(CLASS_NAMES_KEY, () => {
    const names = parseClassNames(stated, true);
    if (count !== undefined) checkNameCount(names, count);
    return names;
  });
}
