import type { RgbImage } from '../../../runtime/common/raster.js';

/** The canvas of the page: one picture, or two with a divider between them. */
export class Screen {
  #canvas = new OffscreenCanvas(1, 1);
  #left: ImageData | undefined;
  #right: ImageData | undefined;
  /** Where the right picture begins, from 0 to 1. */
  #divider = 0.5;

  use(canvas: OffscreenCanvas): void {
    this.#canvas = canvas;
  }

  /** @param right of the same size as the left */
  show(left: RgbImage, right?: RgbImage): void {
    this.#left = pixelsOf(left);
    this.#right = right && pixelsOf(right);
    this.#draw();
  }

  /** Moves the divider. @param share of the width that the left picture has, from 0 to 1 */
  divide(share: number): void {
    this.#divider = share;
    this.#draw();
  }

  #draw(): void {
    const [canvas, left, right] = [this.#canvas, this.#left, this.#right];
    if (left === undefined) return;
    const { width, height } = left;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.putImageData(left, 0, 0);
    if (right === undefined) return;
    const from = Math.round(this.#divider * width);
    context.putImageData(right, 0, 0, from, 0, width - from, height);
    // Black beside white, which is seen on every image.
    const line = Math.max(1, Math.round(width / 400));
    context.fillStyle = 'black';
    context.fillRect(from - line, 0, line, height);
    context.fillStyle = 'white';
    context.fillRect(from, 0, line, height);
  }
}

function pixelsOf({ width, height, data }: RgbImage): ImageData {
  const pixels = new ImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    pixels.data.set(data.subarray(from, from + 3), to);
    pixels.data[to + 3] = 255;
  }
  return pixels;
}
