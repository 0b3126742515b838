import { ofNetwork } from '../../../exporters/assembly/assumptions.js';
import {
  type Assumption,
  assumptionsText,
  type CheckedAssumption,
} from '../../../graph/common/assumption.js';
import { flagOf } from '../flags/flag-words.js';
import { type Field, paragraph } from './print.js';

/** What is assumed of a model's images and classes. */
export function assumedField(assumed: readonly Assumption[]): Field {
  return ['assumed', assumed.length > 0 ? assumptionsText(assumed, flagOf) : undefined];
}

const OF_LOGITS = 'not verified, since the reference holds logits';

/** The same as a line of its own; '' where nothing is. */
export function assumedLine(assumed: readonly Assumption[]): string {
  const [label, text] = assumedField(assumed);
  return text === undefined ? '' : paragraph(`${label}: ${text}`);
}

/**
 * What was taken for what a checkpoint does not say. (How images are prepared has a line of its own.)
 * @param isCompared whether there was a reference, which then leaves unverified only what follows its logits
 */
export function assumedNetworkField(assumed: readonly CheckedAssumption[], isCompared: boolean): Field {
  const network = ofNetwork(assumed);
  const [proven, open] = [true, false].map((is) => network.filter(({ verified }) => verified === is));
  const [label, text] = assumedField(network);
  const all = (status: string): Field => [label, text && `${text}; ${status}`];
  if (!open?.length) return all('verified by the reference');
  if (!proven?.length) return all(isCompared ? OF_LOGITS : 'not verified: give --reference');
  const [ofProven, ofOpen] = [proven, open].map((some) => assumptionsText(some, flagOf));
  return [
    label,
    `${ofOpen}; ${isCompared ? OF_LOGITS : 'not verified'}. Verified by the reference: ${ofProven}`,
  ];
}
