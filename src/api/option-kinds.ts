import type { HintOptions } from '../../exporters/assembly/export-plan.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import * as kind from '../../graph/common/option-kinds.js';
import { checkOptions, type Kinds } from '../../graph/common/option-kinds.js';
import { withCallbacks } from '../../runtime/common/callbacks.js';
import type { TruthReading } from '../../runtime/truth/truth.js';
import type { TransformOptions } from '../transform/transform.js';

/** Options that doors share. Ranges and words are checked where they are used: here names and types are. */
export const WATCH = { signal: kind.SIGNAL, onProgress: kind.FUNCTION };

export const TRANSFORM: Kinds<TransformOptions> = {
  ...kind.each(['level', 'target', 'precision', 'method', 'layout', 'grey'], kind.TEXT),
  ...kind.each(['precompute', 'force', 'strictRecipe'], kind.FLAG),
  ...kind.each(['images', 'calibrate'], kind.PATH),
  ...kind.each(['maxDscDrop', 'minutes'], kind.NUMBER),
  ...{ inputs: kind.TEXTS, recipe: kind.RECIPE, window: kind.WINDOW },
  ...WATCH,
};

export const SELECTION: Kinds<KeySelection> = { prefix: kind.TEXT, ignore: kind.TEXTS };

export const KEYS = { key: kind.TEXT, ...SELECTION };

export const HINTS: Kinds<HintOptions> = {
  ...kind.each(['decoder', 'activation', 'head', 'lmdForm'], kind.TEXT),
  solverOptions: kind.OBJECT,
};

export const TRUTH: Kinds<TruthReading> = {
  ...kind.each(['truthLabel', 'ignoreLabel'], kind.NUMBER),
  truthColour: kind.NUMBERS,
};

/** Does the work of a function of the API with its options: as `checkOptions`, then `withCallbacks`. */
export async function withOptions<O extends { readonly signal?: AbortSignal }, T>(
  options: O,
  kinds: Kinds<O>,
  needed: readonly (string & keyof O)[],
  work: (options: O) => Promise<T>,
): Promise<T> {
  checkOptions(options, kinds, needed);
  return withCallbacks(options, work);
}
