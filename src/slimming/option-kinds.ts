import { SETTING_NAMES } from '../../exporters/nn/settings.js';
import {
  ANY,
  each,
  FLAG,
  FUNCTION,
  type Kinds,
  NAME,
  NAMES,
  OBJECT,
  OPEN_SHARE,
  PATH,
  POSITIVE,
  SHARE,
  SIGNAL,
  sizeUpTo,
  whole,
} from '../../graph/common/option-kinds.js';
import { MAX_NETWORK_PIXELS } from '../../graph/common/recipe.js';
import type { SlimOptions } from './slim-options.js';

/** Fewer steps make no cycle of the learning rate; more rates do not stand in a graph. */
export const [MIN_STEPS, MAX_STEPS] = [7, 2 ** 20];

const [MAX_SEED, MAX_BATCH, MAX_THREADS] = [2 ** 31 - 1, 1024, 1024];

export const SLIM_KINDS: Kinds<SlimOptions> = {
  ...each(['network', 'images', 'output', 'masks', 'reference', 'report', 'saveWeights'], PATH),
  ...each(['outputName', 'key', 'prefix', 'assume'], NAME),
  ...each(['skips', 'inputs', 'ignore', 'classNames'], NAMES),
  ...each(['augment', 'int8', 'resume', 'force', 'strict'], FLAG),
  ...each(['recipe', 'solverOptions', 'window'], OBJECT),
  ...each(['truthWeight', 'minAgreement', 'maxDscDrop'], SHARE),
  ...each(['minutes', 'rate'], POSITIVE),
  ...{ size: sizeUpTo(MAX_NETWORK_PIXELS), holdOut: OPEN_SHARE },
  ...{ steps: whole(MIN_STEPS, MAX_STEPS), batch: whole(1, MAX_BATCH), seed: whole(0, MAX_SEED) },
  threads: whole(1, MAX_THREADS),
  memoryBudget: ['a number of bytes above 0', POSITIVE[1]],
  ...{ signal: SIGNAL, onProgress: FUNCTION },
  ...each(['decoder', 'order', 'stateChannels', 'kernel', 'activation'], ANY),
  ...each(['backbone', 'head', 'background', 'grey', 'providers'], ANY),
  ...each(['truthLabel', 'truthColour', 'ignoreLabel', ...SETTING_NAMES], ANY),
};
