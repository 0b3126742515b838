import { SETTING_KINDS } from '../../exporters/nn/settings.js';
import type { Kinds } from '../../graph/common/option-kinds.js';
import * as kind from '../../graph/common/option-kinds.js';
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
  ...kind.each(['network', 'images', 'output', 'masks', 'reference', 'report', 'saveWeights'], kind.PATH),
  ...kind.each(['outputName', 'key', 'prefix', 'assume'], kind.NAME),
  ...kind.each(['skips', 'inputs', 'ignore', 'classNames'], kind.NAMES),
  ...kind.each(['augment', 'int8', 'resume', 'force', 'strict'], kind.FLAG),
  ...{ recipe: kind.RECIPE, window: kind.WINDOW, solverOptions: kind.OBJECT },
  ...kind.each(['truthWeight', 'minAgreement', 'maxDscDrop'], kind.SHARE),
  ...kind.each(['minutes', 'rate'], kind.POSITIVE),
  ...{ size: kind.sizeUpTo(MAX_NETWORK_PIXELS), holdOut: kind.OPEN_SHARE },
  ...{ steps: kind.whole(...BOUNDS.steps, LEAST_STEPS), batch: kind.whole(...BOUNDS.batch) },
  ...{ seed: kind.whole(...BOUNDS.seed), threads: kind.whole(...BOUNDS.threads) },
  memoryBudget: ['a number of bytes above 0', kind.POSITIVE[1]],
  ...{ signal: kind.SIGNAL, onProgress: kind.FUNCTION },
  ...kind.each(['decoder', 'order', 'activation', 'head', 'grey'], kind.TEXT),
  ...kind.each(['stateChannels', 'kernel', 'truthLabel', 'ignoreLabel'], kind.NUMBER),
  backbone: kind.either(kind.TEXT, kind.OBJECT),
  background: kind.either(kind.NUMBER, kind.TEXT),
  providers: kind.either(kind.TEXT, kind.TEXTS),
  truthColour: kind.NUMBERS,
  ...SETTING_KINDS,
};
