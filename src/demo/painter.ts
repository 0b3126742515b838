/** A worker that owns the canvas: it cuts masks and draws them, so that sliders never wait for pixels. */
import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import type { Mask, Probabilities, RgbImage } from '../../runtime/common/raster.js';
import { drawOutline, drawOverlay } from '../../runtime/images/draw.js';
import { toEightBits } from '../../runtime/images/prepare.js';
import { resizeBilinear } from '../../runtime/images/resize.js';
import { type Classes, INDEPENDENT, masksOf, takesThreshold } from '../../runtime/masks/classes.js';
import { type Components, componentsOf } from '../../runtime/masks/components.js';
import { confusionOf, type Metrics, metricsOf } from '../../runtime/masks/metrics.js';
import {
  checkReading,
  listed,
  type TruthMask,
  type TruthReading,
  truthAt,
  truthOf,
} from '../../runtime/truth/truth.js';
import { encodePng } from '../../runtime/web/images/png.js';
import { readTruthImage } from '../../runtime/web/images/read-truth.js';
import { serve } from '../../runtime/web/threads/serve.js';

export type View = 'image' | 'mask' | 'outline' | 'overlay';

/** What the sliders and boxes say. */
export interface Look {
  readonly view: View;
  /** 0..1. */
  readonly threshold: number;
  /** 0..1. */
  readonly opacity: number;
  readonly fillHoles: boolean;
  readonly largestComponent: boolean;
}

export interface Painted {
  /** Pixels inside the mask, and of the image. */
  readonly area: number;
  readonly pixels: number;
  readonly parts: Components['count'];
  /** Against the truth, where one was given, and the name of that. */
  readonly metrics?: Metrics & { readonly truth: string };
}

/** The fields of the page that say how truth is read. */
const FIELDS = {
  label: 'its label under "Foreground in truth"',
  colour: 'its R,G,B under "Foreground in truth"',
  ignore: 'a label under "Ignored in truth"',
};

/** No screen shows more. */
const MAX_SIDE = 1600;

let canvas = new OffscreenCanvas(1, 1);
let probabilities: Probabilities | undefined;
let classes: Classes = INDEPENDENT;
/** What is drawn of the image. */
let shown: RgbImage | undefined;
let truth: (TruthMask & { readonly name: string }) | undefined;
let mask: Mask | undefined;
/** How often a truth was given. */
let given = 0;

/** The image in 8 bits, no larger than a screen. */
function fitScreen(image: RgbImage): RgbImage {
  const bytes = { ...image, data: toEightBits(image, { kind: 'min-max' }) };
  const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
  if (scale === 1) return bytes;
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  const { data, ...size } = resizeBilinear(bytes, side(image.width), side(image.height));
  return { ...size, channels: 3, data: Uint8Array.from(data, Math.round) };
}

/** The mask at the size of what is drawn. */
function sampled(from: Mask, { width, height }: RgbImage): Mask {
  if (from.width === width && from.height === height) return from;
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const y = Math.floor(((Math.floor(i / width) + 0.5) * from.height) / height);
    data[i] = at(from.data, y * from.width + Math.floor((((i % width) + 0.5) * from.width) / width));
  }
  return { width, height, channels: 1, data };
}

function look(image: RgbImage, over: Mask, { view, opacity }: Look): RgbImage {
  switch (view) {
    case 'image':
      return image;
    case 'mask':
      return { ...image, data: Uint8Array.from(image.data, (_, i) => at(over.data, Math.floor(i / 3))) };
    case 'outline':
      return drawOutline(image, over);
    case 'overlay':
      return drawOverlay(image, over, { opacity });
  }
}

function draw({ width, height, data }: RgbImage): void {
  const pixels = new ImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    pixels.data.set(data.subarray(from, from + 3), to);
    pixels.data[to + 3] = 255;
  }
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
}

const methods = {
  use(given: OffscreenCanvas): void {
    canvas = given;
  },
  /** Takes what a network made of an image; the first class that is no background is shown. The truth of another image is forgotten. */
  take(segmented: { image: RgbImage; probabilities: Probabilities; classes: Classes }): void {
    probabilities = segmented.probabilities;
    classes = segmented.classes;
    shown = fitScreen(segmented.image);
    truth = undefined;
  },
  paint(wanted: Look): Painted {
    if (shown === undefined || probabilities === undefined) throw new TypeError('there is no image');
    const threshold = takesThreshold(classes, probabilities.classes) ? wanted.threshold : undefined;
    [mask] = masksOf(probabilities, classes, threshold, wanted).masks;
    if (mask === undefined) throw new TypeError('every class is background');
    draw(look(shown, sampled(mask, shown), wanted));
    const { area, count } = componentsOf(mask);
    return {
      area,
      pixels: mask.data.length,
      parts: count,
      ...(truth && {
        metrics: { ...metricsOf(confusionOf(mask, truth.mask, truth.counted)), truth: truth.name },
      }),
    };
  },
  /**
   * Takes a ground-truth mask of the image, in the place of one that was given before.
   * @returns what is to be said of it
   * @throws NmodeError (BAD_IMAGE)
   */
  async compare({ file, reading }: { file: File; reading: TruthReading }): Promise<string> {
    const [of, turn] = [probabilities, ++given];
    truth = undefined;
    checkReading(reading);
    const read = truthOf(await readTruthImage(file), file.name, reading, FIELDS);
    // Meanwhile another image, or another truth, may have come.
    if (of === undefined || of !== probabilities || turn !== given) return '';
    const { width, height } = of;
    if (read.width !== width || read.height !== height) {
      const swapped = read.width === height && read.height === width;
      const advice = swapped ? ', one of the two is turned: save the mask as the image is shown' : '';
      throw new NmodeError(
        'BAD_IMAGE',
        `${file.name}: it has ${read.width}x${read.height} pixels, the image ${width}x${height}${advice}`,
      );
    }
    truth = { name: file.name, ...truthAt(read, width, height) };
    const { search } = read;
    const missing = [
      ...(search?.foreground === false ? ['foreground'] : []),
      ...(search?.ignored === false && reading.ignoreLabel !== undefined ? ['ignored'] : []),
    ];
    if (search === undefined || missing.length === 0) return '';
    return `${file.name}: it has nothing that is ${missing.join(' or ')}: it holds ${listed(search.found)}`;
  },
  /** The mask of the last painting, in its full size. */
  async png(): Promise<Blob> {
    if (mask === undefined) throw new TypeError('there is no mask');
    return encodePng(mask);
  },
};

export type PainterMethods = typeof methods;

serve(methods);
