import { option } from '../../graph/common/option.js';
import { listed, type Search, type TruthReading } from '../../runtime/truth/truth.js';
import type { Rgb } from '../../runtime/truth/truth-image.js';

/** How ground truth was read: as black and white where nothing is said of foreground. */
export interface TruthSummary {
  readonly label?: number;
  readonly colour?: Rgb;
  readonly ignoreLabel?: number;
  /** How many of the counted masks hold the label or colour, where one is named. */
  readonly masks?: number;
  /** Pixels of all images together that did not count, at the size that is counted at. */
  readonly ignored: number;
}

/** What is known of the truth of one image. */
export interface CountedTruth {
  /** Of the image. */
  readonly name: string;
  readonly ignored: number;
  readonly search?: Search;
  /** The image is turned by EXIF, and nothing tells whether its mask was drawn before or after. */
  readonly turnDoubt: boolean;
}

export function truthSummary(
  { truthLabel, truthColour, ignoreLabel }: TruthReading,
  truths: readonly CountedTruth[],
): TruthSummary {
  const holding = truths.filter(({ search }) => search?.foreground).length;
  return {
    ...(truthLabel !== undefined && { label: truthLabel }),
    ...(truthColour !== undefined && { colour: truthColour }),
    ...(ignoreLabel !== undefined && { ignoreLabel }),
    ...((truthLabel !== undefined || truthColour !== undefined) && { masks: holding }),
    ignored: truths.reduce((sum, { ignored }) => sum + ignored, 0),
  };
}

/** The option that says what is foreground; undefined where none does. */
export function foregroundText({ truthLabel, truthColour }: TruthReading): string | undefined {
  return truthLabel !== undefined
    ? option('truthLabel', truthLabel)
    : truthColour && option('truthColour', truthColour);
}

/** What may be wrong although it was counted. */
export function truthWarnings(reading: TruthReading, truths: readonly CountedTruth[]): readonly string[] {
  const searches = truths.flatMap(({ search }) => search ?? []);
  const found = [...new Set(searches.flatMap((search) => search.found))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const missing = (named: string | undefined, what: 'foreground' | 'ignored') =>
    named === undefined || searches.some((search) => search[what])
      ? []
      : [`${named}: no mask holds it, they hold ${listed(found)}`];
  const { ignoreLabel } = reading;
  const ignored = ignoreLabel === undefined ? undefined : option('ignoreLabel', ignoreLabel);
  const turned = truths.filter(({ turnDoubt }) => turnDoubt).map(({ name }) => name);
  const doubt = `${listed(turned)}: EXIF turns image and mask differently, and their sizes do not show whether the mask was drawn before or after: look at them with ${option('report')}`;
  return [
    ...missing(foregroundText(reading), 'foreground'),
    ...missing(ignored, 'ignored'),
    ...(turned.length > 0 ? [doubt] : []),
  ];
}

/** How truth was read, for people; undefined where nothing was said. */
export function truthText({ label, colour, ignoreLabel, masks, ignored }: TruthSummary): string | undefined {
  const held = masks === 1 ? 'in 1 mask' : `in ${masks} masks`;
  const parts = [
    ...(label === undefined ? [] : [`label ${label}, ${held}`]),
    ...(colour === undefined ? [] : [`colour ${colour.join(',')}, ${held}`]),
    ...(ignoreLabel === undefined
      ? []
      : [`${ignored.toLocaleString('en-US')} pixels of label ${ignoreLabel} not counted`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}
