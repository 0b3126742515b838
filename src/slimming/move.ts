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

/** One number a pixel, among others. */
export interface Grid extends Size {
  readonly data: Float32Array | Uint8Array | Uint16Array;
  /** Where the first is. */
  readonly start: number;
  /** From one to the next. */
  readonly pitch: number;
}

/**
 * A grid as the camera sees it, at another size, bilinear between its pixels (half-pixel centres); beyond its borders it goes on as its mirror image.
 * @param levels what becomes of each number first, where these are whole
 */
export function moved(
  { data, start, pitch, width, height }: Grid,
  to: Size,
  { angle, isMirrored, zoom, shift: [down, across], aspect }: Move,
  take: (place: number, value: number) => void,
  levels?: Float64Array,
): void {
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const side = isMirrored ? -1 : 1;
  const read = (place: number): number => {
    const value = data[start + place * pitch] as number;
    return levels === undefined ? value : (levels[value] as number);
  };
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      // From the middle, in heights.
      const v = (y + 0.5) / to.height - 0.5 - down;
      const u = ((x + 0.5) / to.width - 0.5 - across) * aspect;
      const sourceY = mirrored((cos * v + sin * u + 0.5) * height - 0.5, height);
      const sourceX = mirrored(((side * (cos * u - sin * v)) / aspect + 0.5) * width - 0.5, width);
      const [top, left] = [Math.floor(sourceY), Math.floor(sourceX)];
      const [dy, dx] = [sourceY - top, sourceX - left];
      const above = top * width;
      const below = Math.min(top + 1, height - 1) * width;
      const right = Math.min(left + 1, width - 1);
      const upper = (1 - dx) * read(above + left) + dx * read(above + right);
      const lower = (1 - dx) * read(below + left) + dx * read(below + right);
      take(y * to.width + x, (1 - dy) * upper + dy * lower);
    }
  }
}

/** A place on an axis of an image that goes on as its mirror image. */
function mirrored(place: number, size: number): number {
  const period = Math.max(1, 2 * (size - 1));
  const within = ((place % period) + period) % period;
  return Math.min(within, period - within);
}
