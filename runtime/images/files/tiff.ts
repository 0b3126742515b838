import { latin1 } from './formats.js';

/** Tags of TIFF 6.0. */
export const TIFF_TAGS = {
  compression: 0x0103,
  photometric: 0x0106,
  samples: 0x0115,
  planes: 0x011c,
  extraSamples: 0x0152,
} as const;

type Tag = (typeof TIFF_TAGS)[keyof typeof TIFF_TAGS];

/** Bytes of the types that these tags have: BYTE, SHORT, LONG (TIFF 6.0, section 2). */
const SIZES: Readonly<Record<number, 1 | 2 | 4>> = { 1: 1, 3: 2, 4: 4 };

/** How a file lays out its directories: TIFF, and BigTIFF, whose offsets and counts have 8 bytes. */
const FORMS = {
  42: { start: 4, count: 2, entry: 12, length: 4, value: 8 },
  43: { start: 8, count: 8, entry: 20, length: 4, value: 12 },
} as const;

/** More numbers than any tag that is read here has. */
const MOST_VALUES = 4096;

/** More directories than are followed. */
const MOST_PAGES = 4096;

/** The numbers of a tag of a page of a TIFF file; undefined where they are not there. */
function valuesOf(bytes: Uint8Array, tag: Tag, page: number): readonly number[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = latin1(bytes, 0, 2) === 'II';
  try {
    const magic = view.getUint16(2, little);
    if (magic !== 42 && magic !== 43) return undefined;
    const form = FORMS[magic];
    const offsetAt = (at: number) =>
      magic === 42 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
    const countAt = (at: number) =>
      magic === 42 ? view.getUint16(at, little) : Number(view.getBigUint64(at, little));
    let start = offsetAt(form.start);
    const endOf = (from: number) => from + form.count + form.entry * countAt(from);
    for (let before = 0; before < Math.min(page, MOST_PAGES); before++) start = offsetAt(endOf(start));
    const end = Math.min(endOf(start), bytes.length);
    for (let entry = start + form.count; entry + form.entry <= end; entry += form.entry) {
      if (view.getUint16(entry, little) !== tag) continue;
      const size = SIZES[view.getUint16(entry + 2, little)];
      const length = offsetAt(entry + form.length);
      if (size === undefined || length > MOST_VALUES) return undefined;
      const room = form.entry - form.value;
      const from = length * size <= room ? entry + form.value : offsetAt(entry + form.value);
      const read = { 1: view.getUint8, 2: view.getUint16, 4: view.getUint32 }[size];
      return Array.from({ length }, (_, index) => read.call(view, from + size * index, little));
    }
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The first number of a tag of the first page of a TIFF file; undefined where it is not there. */
export const tiffTag = (bytes: Uint8Array, tag: Tag): number | undefined => valuesOf(bytes, tag, 0)?.[0];

/** What the samples of a pixel are by what their file says. */
export interface StoredSamples {
  readonly count: number;
  /** Those of grey, a palette, or colours; what comes behind them is not one of these. */
  readonly colours: number;
  /** Whether there is one more, which the file calls alpha. */
  readonly hasAlpha: boolean;
  /** Whether the file says what each of them is, as libtiff expects it. */
  readonly isTold: boolean;
  /** Whether each sample has a plane of its own. */
  readonly inPlanes: boolean;
}

/** Samples of a pixel by photometric interpretation: white is 0, black is 0, RGB, palette, mask, inks, YCbCr, three of L*a*b*. */
const COLOURS: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 3,
  3: 1,
  4: 1,
  5: 4,
  6: 3,
  8: 3,
  9: 3,
  10: 3,
};

/** ExtraSamples: multiplied into the colours, or not. */
const ALPHAS = [1, 2];

/** @param page of several, from 0 on */
export function tiffSamples(bytes: Uint8Array, page = 0): StoredSamples {
  const of = (tag: Tag) => valuesOf(bytes, tag, page);
  const [count = 1] = of(TIFF_TAGS.samples) ?? [];
  // As libtiff takes it, where it is not there.
  const [photometric = count < 3 ? 1 : 2] = of(TIFF_TAGS.photometric) ?? [];
  const extra = of(TIFF_TAGS.extraSamples) ?? [];
  const colours = Math.min(COLOURS[photometric] ?? count, count);
  const others = count - colours;
  return {
    count,
    colours,
    hasAlpha: others === 1 && ALPHAS.some((kind) => kind === extra[0]),
    isTold: extra.length === others,
    inPlanes: of(TIFF_TAGS.planes)?.[0] === 2,
  };
}
