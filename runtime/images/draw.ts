import { badUsage } from '../../graph/common/errors.js';
import {
  checkArgument,
  checkOptions,
  type Kinds,
  listOf,
  NUMBERS,
  SHARE,
  TEXTS,
} from '../../graph/common/option-kinds.js';
import { MASK, type Mask, RGB, type RgbImage } from '../common/raster.js';
import { area } from '../masks/threshold.js';
import { type Colour, classColour } from './class-colours.js';
import { toEightBits } from './depth.js';
import { withLegend } from './legend.js';

export interface DrawOptions {
  /** Red, green, blue, 0..255; default an orange that skin has not. */
  readonly colour?: Colour;
  /** Share of the colour over what is segmented, 0..1; default 0.4. An outline is opaque. */
  readonly opacity?: number;
}

const KINDS: Kinds<DrawOptions> = { colour: NUMBERS, opacity: SHARE };

const MASKS = listOf('masks, each { width, height, channels: 1, data }', MASK[1]);

const COLOUR = classColour(0);
const OPACITY = 0.4;

/** The image in 8 bits with the mask laid over it and its outline drawn. */
export function drawOverlay(image: RgbImage, mask: Mask, options: DrawOptions = {}): RgbImage {
  checkOptions(options, KINDS);
  const { colour = COLOUR, opacity = OPACITY } = options;
  return paint(image, mask, colour, (edge) => (edge ? 1 : opacity));
}

/**
 * The image in 8 bits with the masks of several classes laid over it, each in a colour of its own.
 * @param legend what each mask is called: those that hold a pixel are named below the image, which gets higher by that
 */
export function drawClasses(image: RgbImage, masks: readonly Mask[], legend?: readonly string[]): RgbImage {
  checkArgument('masks', masks, MASKS);
  if (legend !== undefined) checkArgument('legend', legend, TEXTS);
  const layers = masks.flatMap((mask, index) => {
    const colour = classColour(index);
    if (area(mask) > 0) return [{ mask, colour, text: legend?.[index] }];
    // Of many classes an image holds few; the first makes 8 bits of it in any case.
    return index === 0 ? [{ mask, colour, text: undefined }] : [];
  });
  const drawn = layers.reduce<RgbImage>(
    (under, { mask, colour }) => drawOverlay(under, mask, { colour }),
    image,
  );
  const entries = layers.flatMap(({ text, colour }) => (text === undefined ? [] : [{ text, colour }]));
  return withLegend(drawn, entries);
}

/** The image in 8 bits with the outline of the mask, one pixel wide and inside it. */
export function drawOutline(image: RgbImage, mask: Mask, options: DrawOptions = {}): RgbImage {
  checkOptions(options, KINDS);
  const { colour = COLOUR } = options;
  return paint(image, mask, colour, (edge) => (edge ? 1 : 0));
}

/** Mixes a colour into the pixels of a mask, by a share that depends on whether the pixel is at its edge. */
function paint(image: RgbImage, mask: Mask, colour: Colour, shareOf: (edge: boolean) => number): RgbImage {
  checkArgument('image', image, RGB);
  checkArgument('mask', mask, MASK);
  const { width, height } = image;
  if (mask.width !== width || mask.height !== height) {
    throw badUsage(`a mask of ${mask.width}x${mask.height} over an image of ${width}x${height}`);
  }
  const painted = Uint8Array.from(toEightBits(image, true));
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && mask.data[y * width + x] !== 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      const share = shareOf(!inside(x - 1, y) || !inside(x + 1, y) || !inside(x, y - 1) || !inside(x, y + 1));
      for (const [channel, value] of colour.entries()) {
        const place = (y * width + x) * 3 + channel;
        painted[place] = Math.round((painted[place] as number) * (1 - share) + value * share);
      }
    }
  }
  return { width, height, channels: 3, data: painted };
}
