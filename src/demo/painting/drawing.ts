import { at } from '../../../graph/common/at.js';
import type { Mask, RgbImage } from '../../../runtime/common/raster.js';
import type { Colour } from '../../../runtime/images/class-colours.js';
import { toEightBits } from '../../../runtime/images/depth.js';
import { drawOutline, drawOverlay } from '../../../runtime/images/draw.js';
import { resizeBilinear } from '../../../runtime/images/resize.js';

export type View = 'image' | 'mask' | 'outline' | 'overlay';

/** A mask and the colour in which it is drawn. */
export interface Layer {
  readonly mask: Mask;
  readonly colour: Colour;
}

/** The image in 8 bits, no larger than fits. @param most its longer side may be */
export function fitScreen(image: RgbImage, most: number): RgbImage {
  const bytes = { ...image, data: toEightBits(image, true) };
  const scale = Math.min(1, most / Math.max(image.width, image.height));
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

const WHITE: Colour = [255, 255, 255];

/** How masks are shown. */
export interface Style {
  readonly view: View;
  /** 0..1. */
  readonly opacity: number;
  /** One class is shown, whose mask is white. */
  readonly isAlone: boolean;
}

/** The image with its masks as a view shows them: each in its colour, but for a mask that is alone. */
export function drawView(
  image: RgbImage,
  layers: readonly Layer[],
  { view, opacity, isAlone }: Style,
): RgbImage {
  const drawn = (under: RgbImage, draw: (under: RgbImage, mask: Mask, colour: Colour) => RgbImage) =>
    layers.reduce((on, { mask, colour }) => draw(on, sampled(mask, image), colour), under);
  switch (view) {
    case 'image':
      return image;
    case 'mask': {
      const black = { ...image, data: new Uint8Array(image.data.length) };
      return drawn(black, (under, mask, colour) =>
        drawOverlay(under, mask, { colour: isAlone ? WHITE : colour, opacity: 1 }),
      );
    }
    case 'outline':
      return drawn(image, (under, mask, colour) => drawOutline(under, mask, { colour }));
    case 'overlay':
      return drawn(image, (under, mask, colour) => drawOverlay(under, mask, { colour, opacity }));
  }
}
