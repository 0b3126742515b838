import { option } from './option.js';

/** What a file does not say, and what is taken in its place. Every result that rests on it states it. */
export interface Assumption {
  /** What is not known, in the field's word: `recipe`, `background`, `pooling`, `BatchNorm eps`. */
  readonly what: string;
  /** What is taken for it, in words: `min-max, resized to 256x256`. */
  readonly value: string;
  /** The option that says it, by the name of its flag in camel case (LMD's `solverOptions.form` is `lmdForm`); '' for none. */
  readonly option: string;
  /** Whether outputs of the trained network have proven it. */
  readonly verified?: boolean;
}

/**
 * ``recipe min-max, resized to 256x256 (`recipe`)``, several separated by semicolons.
 * @param named how an option is named
 */
export function assumptionsText(assumptions: readonly Assumption[], named = option): string {
  const way = (name: string) => (name === '' ? '' : ` (${named(name)})`);
  return assumptions.map(({ what, value, option: name }) => `${what} ${value}${way(name)}`).join('; ');
}

/** An assumption that is known to be proven or not. */
export interface CheckedAssumption extends Assumption {
  readonly verified: boolean;
}

/** The key of `metadata_props` with a JSON list of checked assumptions. */
export const ASSUMED_KEY = 'nmode.assumed';

/** The assumptions that a model states; none where it states them in another way. */
export function assumptionsIn(metadata: ReadonlyMap<string, string>): readonly CheckedAssumption[] {
  try {
    const list: unknown = JSON.parse(metadata.get(ASSUMED_KEY) ?? '[]');
    return Array.isArray(list) && list.every(isChecked) ? list : [];
  } catch {
    return [];
  }
}

/** What was taken for the network itself, and that no reference has proven. */
export function assumedStructure(metadata: ReadonlyMap<string, string>): readonly Assumption[] {
  return assumptionsIn(metadata)
    .filter(({ option, verified }) => option === 'assume' && !verified)
    .map(({ verified: _, ...assumption }) => assumption);
}

function isChecked(entry: unknown): entry is CheckedAssumption {
  if (typeof entry !== 'object' || entry === null) return false;
  const { what, value, option, verified } = Object.fromEntries(Object.entries(entry));
  return [what, value, option].every((text) => typeof text === 'string') && typeof verified === 'boolean';
}

/** Metadata after somebody said what was assumed before. */
export function withoutStated(
  metadata: ReadonlyMap<string, string>,
  option: string,
): ReadonlyMap<string, string> {
  const left = assumptionsIn(metadata).filter((each) => each.option !== option);
  return metadata.has(ASSUMED_KEY) ? new Map([...metadata, [ASSUMED_KEY, JSON.stringify(left)]]) : metadata;
}
