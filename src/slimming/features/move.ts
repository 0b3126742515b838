/** Height and width. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How a camera is held otherwise. */
export interface Move {
  /** In radians. */
  readonly angle: number;
  /** Along its rows, before it is turned. */
  readonly isMirrored: boolean;
  readonly zoom: number;
  /** Down and across, as shares of the sides. */
  readonly shift: readonly [down: number, across: number];
  /** Width by height of what the camera sees: pixels of another size than its own are no squares. */
  readonly aspect: number;
}

/** Numbers of each pixel, a channel each, in whatever order. */
export interface Grid extends Size {
  readonly data: Float64Array | Float32Array | Uint8Array | Uint16Array;
  readonly channels: number;
  /** From a channel to the next, and from a pixel to the next. */
  readonly strides: readonly [channel: number, pixel: number];
}

/**
 * Fills a grid with another as the camera sees it, bilinear between its pixels (half-pixel centres); beyond its borders it goes on as its mirror
 * image. Whole numbers are rounded.
 */
export function moveInto(
  to: Grid,
  { data, width, height, strides: [fromChannel, fromPixel] }: Grid,
  { angle, isMirrored, zoom, shift: [down, across], aspect }: Move,
): void {
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const side = isMirrored ? -1 : 1;
  const [toChannel, toPixel] = to.strides;
  // Arrays of whole numbers cut off what is behind the point.
  const rounding = to.data instanceof Uint8Array || to.data instanceof Uint16Array ? 0.5 : 0;
  for (let y = 0; y < to.height; y++) {
    // From the middle, in heights.
    const v = (y + 0.5) / to.height - 0.5 - down;
    for (let x = 0; x < to.width; x++) {
      const u = ((x + 0.5) / to.width - 0.5 - across) * aspect;
      const sourceY = mirrored((cos * v + sin * u + 0.5) * height - 0.5, height);
      const sourceX = mirrored(((side * (cos * u - sin * v)) / aspect + 0.5) * width - 0.5, width);
      const top = Math.floor(sourceY);
      const left = Math.floor(sourceX);
      const dy = sourceY - top;
      const dx = sourceX - left;
      const above = top * width;
      const below = Math.min(top + 1, height - 1) * width;
      const right = Math.min(left + 1, width - 1);
      const place = (y * to.width + x) * toPixel;
      for (let channel = 0; channel < to.channels; channel++) {
        const start = channel * fromChannel;
        const upperLeft = data[start + (above + left) * fromPixel] as number;
        const upperRight = data[start + (above + right) * fromPixel] as number;
        const lowerLeft = data[start + (below + left) * fromPixel] as number;
        const lowerRight = data[start + (below + right) * fromPixel] as number;
        const upper = (1 - dx) * upperLeft + dx * upperRight;
        const lower = (1 - dx) * lowerLeft + dx * lowerRight;
        to.data[place + channel * toChannel] = (1 - dy) * upper + dy * lower + rounding;
      }
    }
  }
}

/** A place on an axis of an image that goes on as its mirror image. */
function mirrored(place: number, size: number): number {
  // Most are on it, and a remainder takes long.
  if (place >= 0 && place <= size - 1) return place;
  const period = Math.max(1, 2 * (size - 1));
  const within = ((place % period) + period) % period;
  return Math.min(within, period - within);
}
