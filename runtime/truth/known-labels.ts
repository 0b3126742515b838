import { badImage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { type Classes, regionsOf } from '../masks/classes.js';
import { type Labels, labelsOf, listed, type TruthReading } from './truth.js';
import { greyOf, type TruthImage } from './truth-image.js';

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
  const numbered = semantics.kind === 'exclusive' ? count - 1 : count;
  const most = Math.max(...(regionsOf(semantics)?.flatMap(({ of }) => of) ?? [numbered]));
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

/**
 * How a file is read where one class beside a background is counted: one of labels, 0 and 1, that cannot be black and white, by its
 * label 1.
 * @param count of the classes that the model gives
 */
export function readingBesideBackground(
  stored: TruthImage,
  semantics: Classes,
  count: number,
  reading: TruthReading,
): TruthReading {
  const { truthLabel, truthColour, ignoreLabel } = reading;
  const isPair = semantics.kind === 'exclusive' && count === 2 && semantics.background === 0;
  if (!isPair || truthLabel !== undefined || truthColour !== undefined) return reading;
  const labels = plainLabels(stored);
  const areLabels = labels?.includes(1) && labels.every((label) => label <= 1 || label === ignoreLabel);
  return areLabels ? { ...reading, truthLabel: 1 } : reading;
}

/** Labels of a file that could not be black and white if they are 0 and 1: grey of more than one bit, or indices of colours. */
function plainLabels(stored: TruthImage): Labels['data'] | undefined {
  const { channels, data, full, lossy, lookedUp, palette } = stored;
  const isExact = full > 1 && !lossy && !lookedUp && (channels === 1 || channels === 3);
  if (!isExact) return undefined;
  const grey = greyOf(stored);
  return palette === undefined ? grey?.data : grey === undefined ? data : undefined;
}
