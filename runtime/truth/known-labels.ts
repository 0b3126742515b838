import { badImage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Classes } from '../masks/classes.js';
import { type Labels, labelsOf, listed } from './truth.js';
import type { TruthImage } from './truth-image.js';

/**
 * The labels of a file that is the truth of several classes.
 * @param count of the classes that the model gives
 * @param leaving how messages say what leaves a label out
 * @throws NmodeError (BAD_IMAGE) for labels that the model does not give
 */
export function knownLabels(
  stored: TruthImage,
  name: string,
  semantics: Classes,
  count: number,
  ignoreLabel: number | undefined,
  leaving = (label: number) => option('ignoreLabel', label),
): Labels {
  const labels = labelsOf(stored, name);
  const most = semantics.kind === 'exclusive' ? count - 1 : count;
  const unknown = [...new Set(labels.data)]
    .filter((label) => label > most && label !== ignoreLabel)
    .sort((a, b) => a - b);
  const [first] = unknown;
  if (first === undefined) return labels;
  const canIgnore = unknown.length === 1 && ignoreLabel === undefined;
  const way = canIgnore ? `: ${leaving(first)} leaves it out` : '';
  throw badImage(
    `${name}: it holds ${listed(unknown.map(String))}, expected the labels of the model's ${count} classes, 0 to ${most}${way}`,
  );
}
