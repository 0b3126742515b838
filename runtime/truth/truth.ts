import { badImage, badUsage } from '../../graph/common/errors.js';
import type { ImageRaster } from '../common/raster.js';
import { histogramOf, isBilevel } from './bilevel.js';
import { colourAt, colourText, greyOf, opacityOf, packed, type Rgb, type TruthImage } from './truth-image.js';

/** How ground truth is read: where nothing is said, as masks of black and white. */
export interface TruthReading {
  /**
   * Pixels of this value are foreground, all others background: the grey value that is stored, 0..65535, or the index of a
   * palette (Pascal VOC).
   */
  readonly truthLabel?: number;
  /** Pixels of this colour, 0..255 each, that are at least half opaque are foreground, all others background. */
  readonly truthColour?: Rgb;
  /** Pixels of this value, stored as `truthLabel`, do not count. */
  readonly ignoreLabel?: number;
}

/** Ground truth of one class. */
export interface Truth {
  readonly width: number;
  readonly height: number;
  /** How much of each pixel is foreground, 0..1; 0 where it does not count. */
  readonly shares: Float32Array;
  /** 1 where a pixel counts, 0 where it does not; absent where all do. */
  readonly counted?: Uint8Array;
  /** What was looked for, and whether it is there; absent where nothing was. */
  readonly search?: Search;
}

/** What a reading looked for in a file. */
export interface Search {
  readonly foreground: boolean;
  readonly ignored: boolean;
  /** What is there: labels, or colours `R,G,B`; some where they are many. */
  readonly found: readonly string[];
}

/** Labels as they are stored, one a pixel. */
export interface Labels extends ImageRaster {
  readonly channels: 1;
}

/** How messages name the ways out of what cannot be read. */
export interface Wording {
  readonly label: string;
  readonly colour: string;
  readonly ignore: string;
}

const OPTIONS: Wording = {
  label: '`truthLabel: N`',
  colour: '`truthColour: [R, G, B]`',
  ignore: '`ignoreLabel: N`',
};

/** No message needs more, nor the search for what a reading names. */
const MOST_FOUND = 64;

/** @throws NmodeError (BAD_USAGE) for a reading that contradicts itself or names what no file can hold */
export function checkReading({ truthLabel, truthColour, ignoreLabel }: TruthReading): void {
  const fits = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  for (const label of [truthLabel, ignoreLabel]) {
    if (label !== undefined && !fits(label, 65535))
      throw badUsage(`a label of truth is ${label}, expected a whole number from 0 to 65535`);
  }
  if (
    truthColour !== undefined &&
    !(truthColour.length === 3 && truthColour.every((value) => fits(value, 255)))
  ) {
    throw badUsage(
      `a colour of truth is ${truthColour.join(',')}, expected R,G,B, whole numbers from 0 to 255`,
    );
  }
  if (truthLabel !== undefined && truthColour !== undefined) {
    throw badUsage(
      `label ${truthLabel} and colour ${truthColour.join(',')} are both the foreground of truth: give one`,
    );
  }
  if (truthLabel !== undefined && truthLabel === ignoreLabel) {
    throw badUsage(`label ${truthLabel} is both foreground and ignored in truth: give two labels`);
  }
}

/**
 * Ground truth from a file.
 * @param name of the file, for messages
 * @throws NmodeError (BAD_IMAGE) for what the reading does not explain: values, colours or transparency that may mean
 * something else, and what was compressed with loss where exact values are needed
 */
export function truthOf(
  image: TruthImage,
  name: string,
  reading: TruthReading = {},
  wording = OPTIONS,
): Truth {
  const { truthLabel, truthColour, ignoreLabel } = reading;
  const labels =
    truthLabel === undefined && ignoreLabel === undefined
      ? undefined
      : labelsOf(image, name, ignoreLabel === undefined ? wording.colour : undefined);
  if (truthLabel !== undefined && labels !== undefined) return truthOfLabel(labels, truthLabel, ignoreLabel);
  const counted = labels && countedOf(labels, ignoreLabel);
  if (truthColour !== undefined) {
    const { shares, found } = sharesOfColour(image, name, truthColour);
    const foreground = shares.includes(1);
    return truthWith(image, shares, counted, { foreground, found: [...found, ...foundIn(labels)] });
  }
  const grey = checkedGrey(image, name, counted, wording);
  const shares = new Float32Array(grey.data.length);
  for (let i = 0; i < shares.length; i++) shares[i] = (grey.data[i] as number) / grey.full;
  if (labels === undefined) return truthWith(image, shares, undefined);
  return truthWith(image, shares, counted, { foreground: true, found: foundIn(labels) });
}

/** Ground truth of one label of several. */
export const truthOfLabel = (labels: Labels, label: number, ignoreLabel?: number): Truth =>
  truthOfLabels(labels, [label], ignoreLabel);

/** Ground truth of a class that several labels stand for. */
export function truthOfLabels(labels: Labels, of: readonly number[], ignoreLabel?: number): Truth {
  const counted = countedOf(labels, ignoreLabel);
  const shares = Float32Array.from(labels.data, (value) => Number(of.includes(value)));
  return truthWith(labels, shares, counted, { foreground: shares.includes(1), found: foundIn(labels) });
}

function truthWith(
  { width, height }: ImageRaster,
  shares: Float32Array,
  counted: Uint8Array | undefined,
  search?: Omit<Search, 'ignored'>,
): Truth {
  if (counted !== undefined) {
    for (let i = 0; i < shares.length; i++) if (counted[i] === 0) shares[i] = 0;
  }
  const ignored = counted?.includes(0) ?? false;
  return {
    ...{ width, height, shares },
    ...(ignored && counted && { counted }),
    ...(search && { search: { ...search, ignored } }),
  };
}

const countedOf = ({ data }: Labels, ignoreLabel: number | undefined) =>
  ignoreLabel === undefined ? undefined : Uint8Array.from(data, (value) => Number(value !== ignoreLabel));

/**
 * The labels that a file stores: its grey samples, or the indices of its palette.
 * @param byColour what says which colour is foreground, where no labels are needed for it
 * @throws NmodeError (BAD_IMAGE) where it stores none, or none that are exact
 */
export function labelsOf(image: TruthImage, name: string, byColour?: string): Labels {
  const { width, height, channels, data, lossy, lookedUp } = image;
  if (lossy) throw inexact(name, 'labels');
  if (lookedUp) {
    const way = byColour === undefined ? '' : `, or say its colour with ${byColour}`;
    throw bad(name, `the labels of its palette cannot be read: save it as PNG${way}`);
  }
  if (channels === 1) return { width, height, channels, data };
  const opacity = channels === 3 ? undefined : opacityOf(image);
  if (opacity !== undefined) {
    const way =
      byColour === undefined
        ? 'save it without transparency'
        : `say with ${byColour} which opaque pixels are foreground`;
    throw bad(name, `its alpha is ${rangeText(opacity)}, and labels are opaque: ${way}`);
  }
  const grey = greyOf(image);
  if (grey === undefined) {
    const colours = listed(coloursIn(image));
    const way = byColour === undefined ? '' : `: ${byColour} says which is foreground`;
    throw bad(name, `it holds the colours ${colours}, expected labels (grey, or a palette)${way}`);
  }
  return { width, height, channels: 1, data: grey.data };
}

/** The grey plane of a mask of black and white, which it is checked to be. */
function checkedGrey(image: TruthImage, name: string, counted: Uint8Array | undefined, wording: Wording) {
  const { width, height, lossy, palette } = image;
  const opacity = opacityOf(image);
  const colours = () => listed(coloursIn(image, opacity?.at));
  const indices = () =>
    palette === undefined ? '' : `, the palette indices ${listed(foundIn({ ...image, channels: 1 }))}`;
  if (opacity !== undefined) {
    const seen = colours();
    const ways = lossy ? EXACT : `${wording.colour} says which is foreground`;
    const opaque =
      seen === '' ? 'none of its pixels is opaque' : `its opaque pixels have the colours ${seen}: ${ways}`;
    throw bad(name, `its alpha is ${rangeText(opacity)}, expected an opaque mask: ${opaque}`);
  }
  const grey = greyOf(image);
  if (grey === undefined) {
    const ways = lossy
      ? EXACT
      : `${wording.colour}${palette === undefined ? '' : ` or ${wording.label}`} says which is foreground`;
    throw bad(
      name,
      `it holds the colours ${colours()}${indices()}, expected a mask of black and white: ${ways}`,
    );
  }
  const { data, full } = grey;
  const mask = { width, height, channels: 1, data, full, lossy, counted } as const;
  if (!isBilevel(mask)) {
    const counts = histogramOf(mask);
    const values = [...counts.keys()].filter((value) => counts[value] !== 0).map(String);
    const named = `${wording.label} says which is foreground, ${wording.ignore} which does not count`;
    const many = values.length > MOST_LISTED;
    const ways = lossy ? EXACT : many ? `cut it to two values or, of labels, ${named}` : named;
    throw bad(
      name,
      `it holds ${valuesText(values)}${indices()}, expected a mask of 0 and ${full} (${Math.log2(full + 1)} bits): ${ways}`,
    );
  }
  return grey;
}

/** 1 where a pixel has the colour. */
function sharesOfColour(image: TruthImage, name: string, wanted: Rgb) {
  if (image.lossy) throw inexact(name, 'colours');
  const [colour, opacity, sought] = [colourAt(image), opacityOf(image), packed(wanted)];
  const shares = new Float32Array(image.width * image.height);
  for (let i = 0; i < shares.length; i++) {
    shares[i] = Number(colour(i) === sought && (opacity === undefined || opacity.at(i) >= 0.5));
  }
  return { shares, found: coloursIn(image, opacity?.at) };
}

/** The first different colours, of opaque pixels where some are not. */
function coloursIn(image: TruthImage, opacity: (i: number) => number = () => 1): readonly string[] {
  const colour = colourAt(image);
  const found = new Set<number>();
  for (let i = 0; i < image.width * image.height && found.size < MOST_FOUND; i++) {
    if (opacity(i) >= 0.5) found.add(colour(i));
  }
  return [...found].sort((a, b) => a - b).map(colourText);
}

/** The least of the different labels. */
function foundIn(labels: Labels | undefined): readonly string[] {
  if (labels === undefined) return [];
  const seen = new Uint8Array(65536);
  for (const label of labels.data) seen[label] = 1;
  const found: string[] = [];
  for (let label = 0; label < seen.length && found.length < MOST_FOUND; label++) {
    if (seen[label] === 1) found.push(String(label));
  }
  return found;
}

const bad = (name: string, problem: string) => badImage(`${name}: ${problem}`);

const EXACT = 'none can be named, since JPEG and WebP with loss keep no exact values: save the mask as PNG';

const inexact = (name: string, what: string) =>
  bad(name, `it is compressed with loss (JPEG, WebP), which keeps no exact ${what}: save the mask as PNG`);

const rangeText = ({ least, most }: { readonly least: number; readonly most: number }) =>
  least === most ? String(least) : `${least}..${most}`;

/** No message names more. */
const MOST_LISTED = 6;

/** '0 and 5', '0, 1 and 255', '0, 1, 2, 3, 4 and more'. */
export function listed(texts: readonly string[]): string {
  const shown = texts.length > MOST_LISTED ? [...texts.slice(0, MOST_LISTED - 1), 'more'] : texts;
  const [last = '', ...others] = shown.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
}

/** '0 and 5', or how many from which to which. */
function valuesText(values: readonly string[]): string {
  if (values.length === 1) return `the value ${values[0]} alone`;
  if (values.length <= MOST_LISTED) return `the values ${listed(values)}`;
  return `${values.length} values from ${values[0]} to ${values.at(-1)}`;
}
