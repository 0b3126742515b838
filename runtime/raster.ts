/** Pixels interleaved by channel: row by row, [height, width, channels]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array | Uint8Array;
}

/** Eight bits a channel, sRGB. */
export interface RgbImage extends Raster {
  readonly channels: 3;
  readonly data: Uint8Array;
}

/** One byte a pixel: 255 inside, 0 outside. */
export interface Mask extends Raster {
  readonly channels: 1;
  readonly data: Uint8Array;
}
