import { option } from '../common/option.js';
import type { Sizing } from './recipe.js';

/** What a file does not say, and what is taken in its place. Every result that rests on it states it. */
export interface Assumption {
  /** What is not known, in the field's word: `recipe`, `background`, `pooling`, `BatchNorm eps`. */
  readonly what: string;
  /** What is taken for it, in words: `min-max, resized to 256x256`. */
  readonly value: string;
  /** The option that says it, by the name of its flag in camel case (LMD's `solverOptions.form` is `lmdForm`), several separated by commas; '' for none. */
  readonly option: string;
  /** Whether outputs of the trained network have proven it. */
  readonly verified?: boolean;
}

/**
 * ``recipe min-max, resized to 256x256 (`recipe`)``, several separated by semicolons.
 * @param named how an option is named
 */
export function assumptionsText(assumptions: readonly Assumption[], named = option): string {
  const way = (names: string) =>
    names === '' ? '' : ` (${Array.from(names.split(', '), (name) => named(name)).join(', ')})`;
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

/**
 * Metadata after somebody said what was assumed before.
 * @param subjects what somebody said, or part of it
 * @param assumed what of that is assumed all the same
 */
export function restated(
  metadata: ReadonlyMap<string, string>,
  subjects: readonly string[],
  assumed: readonly Assumption[] = [],
): ReadonlyMap<string, string> {
  if (!metadata.has(ASSUMED_KEY) && assumed.length === 0) return metadata;
  const left = [
    ...assumptionsIn(metadata).filter(({ what }) => !subjects.includes(what)),
    ...assumed.map((each) => ({ ...each, verified: false })),
  ];
  return new Map([...metadata, [ASSUMED_KEY, JSON.stringify(left)]]);
}

/** What is assumed of the preparation of images. */
export const OF_PREPARATION = ['recipe', 'size'] as const;

/** Those of the preparation of images. */
export function ofPreparation<T extends Assumption>(assumed: readonly T[]): readonly T[] {
  return assumed.filter(({ what }) => OF_PREPARATION.some((subject) => subject === what));
}

/**
 * The size of images, where nobody says it and they do not keep their own.
 * @param way the options that say it
 */
export function assumedSize(sizing: Sizing, way: string): readonly Assumption[] {
  if (sizing.kind === 'pad') return [];
  return [{ what: 'size', value: `${sizing.height}x${sizing.width}`, option: way }];
}
