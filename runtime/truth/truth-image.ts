import { at } from '../../graph/common/at.js';
import { emptyAs, type ImageRaster } from '../common/raster.js';
import type { PngSamples } from '../images/files/png.js';

/** Red, green and blue, 0..255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** A ground-truth file as it is stored, upright: no colour profile is applied, and transparency is kept. */
export interface TruthImage extends ImageRaster {
  /** Grey or palette index, grey and alpha, RGB, RGBA. */
  readonly channels: 1 | 2 | 3 | 4;
  /** The largest that a sample can be: 255, 65535, or less where a PNG has fewer bits. */
  readonly full: number;
  /** Of indices: the colours, and how opaque each is, 0..255. */
  readonly palette?: readonly { readonly colour: Rgb; readonly alpha: number }[];
  /** The one colour that is transparent, where nothing else tells of transparency. */
  readonly transparent?: readonly number[];
  /** Compressed with loss, which keeps no exact values. */
  readonly lossy: boolean;
  /** The colours come from a palette whose indices are not known. */
  readonly lookedUp?: boolean;
}

/** The alpha of all that says nothing else. */
const OPAQUE = 255;

/** The samples of a PNG as ground truth, not turned yet. */
export function truthOfPng(png: PngSamples): TruthImage {
  const { width, height, data, channels, depth, palette, transparency } = png;
  const common = { width, height, data, channels, full: 2 ** depth - 1, lossy: false };
  if (palette !== undefined) {
    const entries = Array.from({ length: Math.floor(palette.length / 3) }, (_, i) => {
      const colour = [at(palette, 3 * i), at(palette, 3 * i + 1), at(palette, 3 * i + 2)] as const;
      return { colour, alpha: transparency?.[i] ?? OPAQUE };
    });
    return { ...common, palette: entries };
  }
  if (transparency === undefined || channels === 2 || channels === 4) return common;
  // A chunk that is too short goes on with zeros.
  const whole = new Uint8Array(2 * channels);
  whole.set(transparency.subarray(0, whole.length));
  const view = new DataView(whole.buffer);
  const transparent = Array.from({ length: channels }, (_, i) => view.getUint16(2 * i));
  return { ...common, transparent };
}

/** How opaque the pixels of an image are: of each 0..1, and the least and most in 0..255; undefined where all are fully. */
export function opacityOf(image: TruthImage) {
  const alphaAt = alphaOf(image);
  if (alphaAt === undefined) return undefined;
  let [least, most] = [1, 0];
  for (let i = 0; i < image.width * image.height; i++) {
    const alpha = alphaAt(i);
    least = Math.min(least, alpha);
    most = Math.max(most, alpha);
  }
  return least === 1
    ? undefined
    : { at: alphaAt, least: Math.round(255 * least), most: Math.round(255 * most) };
}

function alphaOf({ channels, data, full, palette, transparent }: TruthImage) {
  if (palette !== undefined) {
    const alphas = palette.map(({ alpha }) => alpha / OPAQUE);
    return (i: number) => alphas[data[i] as number] as number;
  }
  if (channels === 2 || channels === 4) return (i: number) => (data[channels * (i + 1) - 1] as number) / full;
  if (transparent === undefined) return undefined;
  return (i: number) =>
    Number(transparent.some((sample, channel) => data[channels * i + channel] !== sample));
}

/** The colours of pixels, samples of 16 bits packed into one number. */
export function colourAt(image: TruthImage): (i: number) => number {
  const { channels, data, full, palette } = image;
  if (palette !== undefined) {
    const colours = palette.map(({ colour }) => packed(colour));
    return (i) => colours[data[i] as number] as number;
  }
  const scale = 65535 / full;
  if (channels < 3) {
    return (i) => {
      const grey = data[channels * i] as number;
      return pack(grey, grey, grey, scale);
    };
  }
  return (i) =>
    pack(
      data[channels * i] as number,
      data[channels * i + 1] as number,
      data[channels * i + 2] as number,
      scale,
    );
}

/** A colour as `colourAt` gives it. */
export const packed = (colour: Rgb) => pack(...colour, 257);

const pack = (red: number, green: number, blue: number, scale: number) =>
  ((red * 65536 + green) * 65536 + blue) * scale;

/** `R,G,B`, of 0..255 where 8 bits are enough for it, else of 0..65535. */
export function colourText(colour: number): string {
  const samples = [Math.floor(colour / 2 ** 32), Math.floor(colour / 65536) % 65536, colour % 65536];
  const eight = samples.every((sample) => sample % 257 === 0);
  return samples.map((sample) => (eight ? sample / 257 : sample)).join(',');
}

/** Loss leaves grey a little coloured. */
const LOSSY_TINT = 8;

/** The grey channel of an image and its white; undefined where it has colours. */
export function greyOf(image: TruthImage): Pick<TruthImage, 'data' | 'full'> | undefined {
  const { width, height, channels, data, full, palette, lossy } = image;
  if (palette !== undefined) {
    const greys = palette.map(({ colour: [red, green, blue] }) =>
      red === green && green === blue ? red : -1,
    );
    if (data.some((index) => greys[index] === -1)) return undefined;
    return { data: Uint8Array.from(data, (index) => greys[index] as number), full: 255 };
  }
  if (channels === 1) return { data, full };
  const tint = lossy ? LOSSY_TINT : 0;
  const greys = emptyAs(data, width * height);
  for (let i = 0; i < greys.length; i++) {
    const red = data[channels * i] as number;
    if (channels > 2) {
      const [green, blue] = [data[channels * i + 1] as number, data[channels * i + 2] as number];
      if (Math.abs(red - green) > tint || Math.abs(red - blue) > tint) return undefined;
    }
    greys[i] = red;
  }
  return { data: greys, full };
}
