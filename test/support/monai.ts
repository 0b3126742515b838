import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import { casesIn, type NetworkCase, seededCheckpoint } from './network-cases.js';

export const { variance: VARIANCE, cases: MONAI_CASES } = casesIn('monai');

export const monaiIdOf = (entry: NetworkCase): string => `monai.${entry.class.toLowerCase()}`;

/** What a bundle says of the network, beside its weights. */
export const inferenceOf = ({ class: name, arguments: args }: NetworkCase, more: object = {}): string =>
  JSON.stringify({ network_def: { _target_: name, ...args }, ...more });

export const monaiCheckpoint = (
  entry: Pick<NetworkCase, 'keys'>,
  extras?: readonly (readonly [string, string])[],
): Checkpoint => seededCheckpoint(entry, VARIANCE, extras);
