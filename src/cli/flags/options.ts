import { Option } from 'commander';
import type { ProviderChoice } from '../../../runtime/node/sessions/providers.js';
import type { GraftOptions, Level } from '../../index.js';

/** Flags that the API has no option for or calls otherwise. */
interface OwnFlags {
  readonly json?: true;
  readonly optimize?: Level;
  readonly provider?: ProviderChoice;
  readonly classes?: readonly string[];
}

/** The flags of a command, by the options of its function. @param Others those that arguments say, or other flags */
export type FlagsOf<Options, Others extends keyof Options = never> = OwnFlags &
  Omit<Options, Others | 'level' | 'providers' | 'classNames' | 'signal' | 'onProgress'>;

/** Texts that are often those of variables. */
type Texts = Pick<GraftOptions, 'key' | 'prefix' | 'reference' | 'weights'>;

/** The options of the API that flags say. A variable that is not set makes an empty text, which says nothing. */
export function optionsOf<F extends OwnFlags & Texts>(flags: F) {
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
