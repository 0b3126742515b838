import { Option } from 'commander';
import type { ProviderChoice } from '../../../runtime/node/sessions/providers.js';
import type { GraftOptions, Level } from '../../index.js';

/** Flags that the API has no option for or calls otherwise, and texts that are often those of variables. */
type Translated = {
  readonly json?: true;
  readonly optimize?: Level;
  readonly provider?: ProviderChoice;
  readonly classes?: readonly string[];
} & Pick<GraftOptions, 'key' | 'prefix' | 'reference' | 'weights'>;

/** The options of the API that flags say. A variable that is not set makes an empty text, which says nothing. */
export function optionsOf<F extends Translated>(flags: F) {
  const { json, optimize, provider, classes, key, prefix, reference, weights, ...options } = flags;
  return {
    ...options,
    ...(optimize && { level: optimize }),
    ...(provider && { providers: provider }),
    ...(classes && { classNames: classes }),
    ...(key && { key }),
    ...(prefix && { prefix }),
    ...(reference && { reference }),
    ...(weights && { weights }),
  };
}

/** A flag that takes one of several words. */
export function choice(flag: string, description: string, words: readonly string[]): Option {
  return new Option(flag, description).choices(words);
}
