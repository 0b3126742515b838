import type { HintOptions } from '../../exporters/assembly/export-plan.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import {
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
import type { TruthReading } from '../../runtime/truth/truth.js';
import type { TransformOptions } from '../transform/transform.js';
import type { ProofOptions } from './write-proven.js';

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

export const PROOF: Kinds<ProofOptions> = {
  ...TRANSFORM,
  ...each(['output', 'reference'], PATH),
  ...each(['atol', 'rtol'], NUMBER),
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
