import { at } from '../../graph/common/at.js';
import { checkArgument, type Kind, listOf, whole } from '../../graph/common/option-kinds.js';

export type Colour = readonly [red: number, green: number, blue: number];

/** An orange that skin has not, and colours that are told from it and from one another. */
const FIRST: readonly Colour[] = [
  [255, 64, 32],
  [32, 128, 255],
  [255, 200, 0],
  [0, 190, 110],
  [190, 60, 255],
  [0, 200, 220],
];

/** Turns of the colour circle by this angle, in degrees, come near none of those before for the longest. */
const GOLDEN_ANGLE = 137.50776405003785;
/** With it, the first twenty are apart from one another by 50 of 255 at least. */
const FIRST_HUE = 140;

const INDEX: Kind = [
  'a whole number from 0 on',
  (index) => Number.isSafeInteger(index) && Number(index) >= 0,
];

/** The colour in which the mask of this index, 0 for the first, is drawn; 0..255 each. */
export function classColour(index: number): Colour {
  checkArgument('index', index, INDEX);
  if (index < FIRST.length) return at(FIRST, index);
  const hue = ((FIRST_HUE + index * GOLDEN_ANGLE) % 360) / 60;
  const value = index % 2 === 0 ? 255 : 170;
  // From hue, full saturation, and value (HSV).
  const channel = (offset: number) => {
    const k = (offset + hue) % 6;
    return Math.round(value * (1 - Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [channel(5), channel(3), channel(1)];
}

const LABELS = listOf('whole numbers from 0 to 255', whole(0, 255)[1]);

/**
 * The colour table of a label map: the colour of each mask at its label, black for all else. RGB, 8 bits each.
 * @param maskLabels the labels of the masks, 0..255, as a segmentation has them
 */
export function labelPalette(maskLabels: readonly number[]): Uint8Array {
  checkArgument('maskLabels', maskLabels, LABELS);
  const palette = new Uint8Array(3 * (Math.max(0, ...maskLabels) + 1));
  for (const [index, label] of maskLabels.entries()) palette.set(classColour(index), 3 * label);
  return palette;
}
