import { badUsage, reason } from '../../graph/common/errors.js';
import { checkOptions, FUNCTION, type Kinds, NUMBER, TEXT } from '../../graph/common/option-kinds.js';
import type { Value } from '../../graph/ir/value.js';
import { type Backbone, type NetworkDefinition, networkOf } from './backbone.js';
import { BACKBONE_IDS } from './index.js';

/** What is to be said of a backbone of your own. */
export interface BackboneDefinition extends Pick<NetworkDefinition, 'features'> {
  /** Letters, digits, `_`, `.` and `-`; no name of a backbone that is known. */
  readonly id: string;
  /** Default 3. */
  readonly inputChannels?: number;
}

const KINDS: Kinds<BackboneDefinition> = { id: TEXT, inputChannels: NUMBER, features: FUNCTION };

/**
 * A backbone of your own: an encoder written in the layers of this package. Scales, widths and keys follow from it.
 * @throws NmodeError (BAD_USAGE) where the definition is none, `features` fails, or its features have no whole scales or are not
 *   ordered from shallow to deep
 */
export function defineBackbone(definition: BackboneDefinition): Backbone {
  checkOptions(definition, KINDS, ['id', 'features']);
  const { id, inputChannels = 3, features } = definition;
  checkId(id);
  const usage = (message: string, cause?: unknown) => badUsage(`backbone ${id}: ${message}`, { cause });
  if (!(Number.isSafeInteger(inputChannels) && inputChannels > 0)) {
    throw usage(`inputChannels is ${inputChannels}, expected a whole number of at least 1`);
  }
  const checked: NetworkDefinition['features'] = (input, weights) => {
    let found: readonly Value[];
    try {
      found = features(input, weights);
    } catch (error) {
      throw usage(reason(error), error);
    }
    const expected = 'expected an array of what layers return';
    if (!Array.isArray(found)) throw usage(`features returns ${kindOf(found)}, ${expected}`);
    const odd = found.findIndex((value) => !isValue(value));
    if (odd >= 0) throw usage(`features returns an array with ${kindOf(found[odd])}, ${expected}`);
    return found;
  };
  const network = networkOf({ backbone: id, inputChannels, features: checked });
  return { id, network: () => network };
}

/** It stands in messages and in metadata. */
function checkId(id: string): void {
  const usage = (message: string) => badUsage(`the id of a backbone ${message}`);
  if (!/^[\w.-]+$/.test(id)) throw usage(`is '${id}', expected letters, digits, '_', '.' and '-'`);
  if (BACKBONE_IDS.includes(id)) throw usage(`is '${id}', which is known already: give it another`);
}

function isValue(value: unknown): value is Value {
  return (
    typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value && 'source' in value
  );
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (value instanceof Promise) return 'a promise';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
