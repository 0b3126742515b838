import { SETTING_KINDS } from '../../exporters/nn/settings.js';
import {
  each,
  either,
  FLAG,
  FUNCTION,
  type Kinds,
  NAME,
  NAMES,
  NUMBER,
  NUMBERS,
  OBJECT,
  OPEN_SHARE,
  PATH,
  POSITIVE,
  RECIPE,
  SHARE,
  SIGNAL,
  sizeUpTo,
  TEXT,
  TEXTS,
  WINDOW,
  whole,
} from '../../graph/common/option-kinds.js';
import { MAX_NETWORK_PIXELS } from '../../graph/recipe/recipe.js';
import { MIN_CYCLE } from '../../graph/training/schedule.js';
import type { SlimOptions } from './slim-options.js';

/** Why there is a least number of steps. */
export const LEAST_STEPS = 'with fewer, the learning rate cannot rise and fall';

/** Least and most. More rates do not stand in a graph. */
export const BOUNDS = {
  steps: [MIN_CYCLE, 2 ** 20],
  batch: [1, 1024],
  seed: [0, 2 ** 31 - 1],
  threads: [1, 1024],
} as const;

export const SLIM_KINDS: Kinds<SlimOptions> = {
  ...each(['network', 'images', 'output', 'masks', 'reference', 'report', 'saveWeights'], PATH),
  ...each(['outputName', 'key', 'prefix', 'assume'], NAME),
  ...each(['skips', 'inputs', 'ignore', 'classNames'], NAMES),
  ...each(['augment', 'int8', 'resume', 'force', 'strict'], FLAG),
  ...{ recipe: RECIPE, window: WINDOW, solverOptions: OBJECT },
  ...each(['truthWeight', 'minAgreement', 'maxDscDrop'], SHARE),
  ...each(['minutes', 'rate'], POSITIVE),
  ...{ size: sizeUpTo(MAX_NETWORK_PIXELS), holdOut: OPEN_SHARE },
  ...{ steps: whole(...BOUNDS.steps, LEAST_STEPS), batch: whole(...BOUNDS.batch) },
  ...{ seed: whole(...BOUNDS.seed), threads: whole(...BOUNDS.threads) },
  memoryBudget: ['a number of bytes above 0', POSITIVE[1]],
  ...{ signal: SIGNAL, onProgress: FUNCTION },
  ...each(['decoder', 'order', 'activation', 'head', 'grey'], TEXT),
  ...each(['stateChannels', 'kernel', 'truthLabel', 'ignoreLabel'], NUMBER),
  ...{ backbone: either(TEXT, OBJECT), background: either(NUMBER, TEXT), providers: either(TEXT, TEXTS) },
  truthColour: NUMBERS,
  ...SETTING_KINDS,
};
