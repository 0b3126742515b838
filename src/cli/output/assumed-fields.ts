import { ofNetwork } from '../../../exporters/assembly/assumptions.js';
import { assumptionsText, type CheckedAssumption } from '../../../graph/common/assumption.js';

/** What was taken for what a checkpoint does not say: one line. (How images are prepared has a line of its own.) */
export function assumedFields({
  assumed,
}: {
  readonly assumed: readonly CheckedAssumption[];
}): [string, string][] {
  const network = ofNetwork(assumed);
  if (network.length === 0) return [];
  const status = network.every(({ verified }) => verified)
    ? 'verified by the reference'
    : 'not verified: give --reference';
  return [['assumed', `${assumptionsText(network)}; ${status}`]];
}
