import type { HintOptions } from '../../exporters/assembly/export-plan.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import {
  checkOptions,
  each,
  FLAG,
  FUNCTION,
  type Kinds,
  NUMBER,
  NUMBERS,
  OBJECT,
  PATH,
  RECIPE,
  SIGNAL,
  TEXT,
  TEXTS,
  WINDOW,
} from '../../graph/common/option-kinds.js';
import { withCallbacks } from '../../runtime/common/callbacks.js';
import type { TruthReading } from '../../runtime/truth/truth.js';
import type { TransformOptions } from '../transform/transform.js';

/** Options that doors share. Ranges and words are checked where they are used: here names and types are. */
export const WATCH = { signal: SIGNAL, onProgress: FUNCTION };

export const TRANSFORM: Kinds<TransformOptions> = {
  ...each(['level', 'target', 'precision', 'method', 'layout', 'grey'], TEXT),
  ...each(['precompute', 'force', 'strictRecipe'], FLAG),
  ...each(['images', 'calibrate'], PATH),
  ...each(['maxDscDrop', 'minutes'], NUMBER),
  ...{ inputs: TEXTS, recipe: RECIPE, window: WINDOW },
  ...WATCH,
};

export const SELECTION: Kinds<KeySelection> = { prefix: TEXT, ignore: TEXTS };

export const KEYS = { key: TEXT, ...SELECTION };

export const HINTS: Kinds<HintOptions> = {
  ...each(['decoder', 'activation', 'head', 'lmdForm'], TEXT),
  solverOptions: OBJECT,
};

export const TRUTH: Kinds<TruthReading> = {
  ...each(['truthLabel', 'ignoreLabel'], NUMBER),
  truthColour: NUMBERS,
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
